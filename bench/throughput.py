"""A whole test set from raw text, through the command line's path."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Final

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.sentiment.classifier import Classifier
from app.sentiment.engines import dropping_masks
from bench import keras_models
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.processes import python_module, run
from bench.rounds import interleave
from bench.splitting import splitter
from bench.texts import Writer

REVIEWS: Final = 25_000
SAMPLE: Final = 1024
"""Reviews that `model.predict` gets; it is too slow for all of them."""
BATCH: Final = 128
"""The batch of the training; larger ones are slower here."""
ROUNDS: Final = 3

METHOD: Final = (
    "{reviews:,} {kind} ({words:.0f} words on average) in a Parquet file, classified into another one by `python -m "
    "app classify` with `{model}`, from the start of the process to its end; beside it splitting in Python, "
    "`pad_sequences` and `model.predict` in batches of {batch} on {sample:,} of them, TensorFlow loaded already. Both "
    "may use all cores; they take turns, and the best of {rounds} rounds counts."
)


def measure(options: Options) -> Result:
    """Measure reviews a second."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        source, kind = _source(options, folder)
        texts = pq.read_table(source, columns=["text"])["text"].to_pylist()
        sample = [texts[index] for index in np.random.default_rng(0).permutation(len(texts))[:SAMPLE]]
        rates = {
            "python -m app classify": lambda: len(texts) / _classify(options, source, folder / "labelled.parquet"),
            "model.predict": _predictor(options, sample),
        }
        found = {name: max(measured) for name, measured in interleave(rates, min(ROUNDS, options.rounds)).items()}
    service, keras_rate = found.values()
    return Result(
        METHOD.format(
            reviews=len(texts),
            kind=kind,
            model=options.model.name,
            words=mean(len(text.split()) for text in texts),
            batch=BATCH,
            sample=len(sample),
            rounds=min(ROUNDS, options.rounds),
        ),
        [
            Figure("reviews a second, from file to file", service, ""),
            Figure("python -m app classify over model.predict", service / keras_rate),
        ],
        [Table("reviews a second", {kind: found})],
    )


def _source(options: Options, folder: Path) -> tuple[Path, str]:
    """Return a Parquet file of reviews and what they are."""
    test = options.data / "test.parquet"
    if test.is_file():
        return test, "IMDb test reviews"
    writer = Writer(Classifier(options.model).tokenizer.words)
    made_up = folder / "made-up.parquet"
    pq.write_table(pa.table({"text": list(writer.reviews(REVIEWS))}), made_up)
    return made_up, "made-up reviews"


def _classify(options: Options, source: Path, output: Path) -> float:
    """Run the command and return the seconds it took."""
    what = ["--file", str(source), "--column", "text", "--output", str(output), "--prefix", "predicted_"]
    model = ["--models-dir", str(options.model.parent), "--model", options.model.name]
    start = perf_counter()
    run(python_module("app", "classify", *what, *model))
    seconds = perf_counter() - start
    rows = pq.read_metadata(output).num_rows, pq.read_metadata(source).num_rows
    if rows[0] != rows[1]:
        raise BenchError(f"Of {rows[1]:,} reviews {rows[0]:,} came back from `python -m app classify`.")
    options.say(f"python -m app classify: {rows[0] / seconds:,.0f} reviews/s")
    return seconds


def _predictor(options: Options, texts: Sequence[str]) -> Callable[[], float]:
    """Return a function that classifies texts with Keras and gives the rate."""
    model = keras_models.load(options.model)
    tokenizer = Classifier(options.model).tokenizer
    split, word_index = splitter(tokenizer), tokenizer.word_index
    maxlen = model.input_shape[1]

    def predict() -> float:
        start = perf_counter()
        sequences = [[1] + [word_index.get(word, 2) for word in split(text)] for text in texts]
        with dropping_masks():
            model.predict(keras.utils.pad_sequences(sequences, maxlen=maxlen), batch_size=BATCH, verbose=0)
        rate = len(texts) / (perf_counter() - start)
        options.say(f"model.predict: {rate:,.0f} reviews/s")
        return rate

    with dropping_masks():
        model.predict(np.zeros((BATCH, maxlen), dtype=np.int32), batch_size=BATCH, verbose=0)
    return predict
