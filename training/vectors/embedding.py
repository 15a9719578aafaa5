"""The Embedding layer of a sentiment model as a vector space: the lecture's "first option", vectors fit for a task."""

from pathlib import Path
from typing import Final

import keras

from app.artifacts.manifest import read_manifest
from app.sentiment.classifier import TOKENIZER_FILE
from app.sentiment.engines import ENGINES
from app.sentiment.tokenizer import Tokenizer
from training.vectors.folder import Vectors

EXAMPLES: Final = ("awful", "wonderful", "actor", "boring", "hitchcock", "funny", "not")


def read(folder: Path) -> Vectors:
    """Take the words and the first layer's weights from a sentiment model's folder; the reserved ids are left out.

    Raises:
        app.artifacts.manifest.ArtifactError: The folder is damaged.
    """
    manifest = read_manifest(folder)
    tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
    model = keras.models.load_model(folder / ENGINES["tensorflow"].file, compile=False)
    (weights,) = model.layers[0].get_weights()
    return Vectors(
        name=manifest.name,
        title=f"The Embedding layer of [{manifest.name}](../{manifest.name}/README.md), trained with the rest of its "
        "network: words are near each other if they speak alike for or against a film, whatever they mean.",
        source=f"the Embedding layer of the model {manifest.name} {manifest.version}",
        licence="none of its own; the reviews are free for research use",
        words=tokenizer.words,
        matrix=weights[len(tokenizer.reserved) :],
        examples=EXAMPLES,
        recipe=manifest.recipe,
        data=manifest.data,
    )
