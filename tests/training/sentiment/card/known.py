"""A model of the recipe `best`, every figure of which is known."""

from dataclasses import asdict, replace
from typing import Any, Final

import keras

from app.sentiment.labels import BINARY
from app.sentiment.tokenizer import Tokenizer
from tests.training.sentiment.general.tiny import TINY_BEST
from training.sentiment.evaluation.bias import AxisShift, TermShift
from training.sentiment.evaluation.calibration import BeforeAndAfter, Bin, Calibration
from training.sentiment.evaluation.coverage import Coverage
from training.sentiment.evaluation.development import SetFigures
from training.sentiment.evaluation.error_analysis import Group
from training.sentiment.general.recipe import LABELS
from training.sentiment.trained import Trained

COVERAGE: Final = [Coverage(0.5, 0.91, 0.987), Coverage(0.8, 0.72, 0.945), Coverage(0.95, 0.55, 0.901)]
DEVELOPMENT: Final = [
    SetFigures("IMDb movies", 2501, list(BINARY), False, 0.9312, 0.9301, COVERAGE),
    SetFigures("comments", 4001, list(LABELS), False, 0.7123, 0.6987, COVERAGE),
    SetFigures("everyday", 240, list(LABELS), True, 0.8833, 0.8712, COVERAGE),
]
KINDS: Final = [Group("shops", 20, 0.95), Group("questions", 20, 0.85)]
BIAS: Final = [
    AxisShift(
        "names", 80, 12, 12, 0.123, 1.456, 0.0833, {"English": 0.1, "Turkish": -0.2}, [TermShift("Emre", "T", -0.5)]
    )
]
LARGE: Final = BeforeAndAfter(
    2501, 0.31, 0.29, 0.041, 0.012, [Bin(0.9, 0.8, 2501)], [Bin(0.55, 0.5, 1), Bin(0.8, 0.8, 2500)]
)
SMALL: Final = replace(LARGE, texts=245)
CALIBRATION: Final = Calibration(
    1.25, 0.0, True, 5, ["IMDb movies", "comments"], 0.5123, 0.5012, {"IMDb movies": LARGE, "edited reviews": SMALL}
)


def trained(**changes: Any) -> Trained:
    """The model, of random weights."""
    keras.utils.set_random_seed(3)
    recipe = replace(TINY_BEST, maxlen=12, label=0.65)
    tokenizer = Tokenizer(["film", "a", "wonderful", "awful", "boring", "cast"])
    model = keras.Sequential(
        [
            keras.Input((recipe.maxlen,), dtype="int32"),
            keras.layers.Embedding(tokenizer.vocabulary_size, 3),
            keras.layers.LSTM(2),
            keras.layers.Dense(len(LABELS), activation="softmax"),
        ]
    )
    teacher = {one.name: one.accuracy - 0.01 for one in DEVELOPMENT}
    made = Trained(
        recipe=recipe,
        seed=41,
        tokenizer=tokenizer,
        model=model,
        history=[
            {"loss": 0.7, "val_loss": 0.6, "val_accuracy": 0.7, "comments": 0.5},
            {"loss": 0.5, "val_loss": 0.65, "val_accuracy": 0.6, "comments": 0.6},
        ],
        best_epoch=2,
        data={
            "training": 22500,
            "validation": 2501,
            "unlabelled": {"reviews": 50001, "sha256": "0"},
            "corpora": {
                "sst": {"training": 12345, "validation": 1101, "sha256": "1"},
                "emotions": {"training": 0, "validation": 5426, "sha256": "2"},
            },
        },
        figures={
            "network": {"vocabulary_size": 12345, "dimensions": 67},
            "teachers": {"teacher 1": teacher, "teachers together": teacher},
            "development": [asdict(one) for one in DEVELOPMENT],
            "everyday": [asdict(one) for one in KINDS],
            "bias": [asdict(one) for one in BIAS],
        },
        labels=LABELS,
        calibration=CALIBRATION,
        version="2.3.0",
    )
    return replace(made, **changes)
