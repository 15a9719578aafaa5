"""A transformer of two small layers that nobody pretrained, in the form of the real one."""

from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer

from training.sentiment.encoder.pretrained import Pretrained, Weights

WIDTH: Final = 24
INNER: Final = 32
LAYERS: Final = 2
PLACES: Final = 40
WORDS: Final = ("it", "broke", "works", "again", "good", "bad", "un", "##believ", "##able", "!")
FIRST_WORD: Final = 110
VOCABULARY: Final = FIRST_WORD + len(WORDS)


def weights(seed: int = 1) -> Weights:
    """Random weights by the names of BERT's."""
    random = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(0, 0.2, shape).astype(np.float32)

    def linear(name: str, out: int, into: int) -> Weights:
        return {f"{name}.weight": normal(out, into), f"{name}.bias": normal(out)}

    def norm(name: str) -> Weights:
        return {f"{name}.weight": 1 + normal(WIDTH), f"{name}.bias": normal(WIDTH)}

    found = {
        "embeddings.position_ids": np.arange(PLACES)[None],
        "embeddings.word_embeddings.weight": normal(VOCABULARY, WIDTH),
        "embeddings.position_embeddings.weight": normal(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": normal(2, WIDTH),
        **norm("embeddings.LayerNorm"),
        **linear("pooler.dense", WIDTH, WIDTH),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            found |= linear(f"{layer}.{part}", WIDTH, WIDTH)
        found |= linear(f"{layer}.intermediate.dense", INNER, WIDTH) | linear(f"{layer}.output.dense", WIDTH, INNER)
        found |= norm(f"{layer}.attention.output.LayerNorm") | norm(f"{layer}.output.LayerNorm")
    return found


def pretrained(folder: Path) -> Pretrained:
    """Write such weights, and word pieces, into a folder."""
    save_file(weights(), folder / "model.safetensors")
    places = {f"[{number}]": number for number in range(FIRST_WORD)} | {"[UNK]": FIRST_WORD - 1}
    pieces = places | {word: FIRST_WORD + number for number, word in enumerate(WORDS)}
    del pieces[f"[{FIRST_WORD - 1}]"]
    tokenizer = Tokenizer(WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=9)
    tokenizer.save(str(folder / "tokenizer.json"))
    return Pretrained(folder / "model.safetensors", folder / "tokenizer.json")
