"""A forecasting model: sequences of observations to what comes next."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import (
    MANIFEST,
    ArtifactError,
    check_data,
    check_kind,
    content_of,
    read_folder,
    read_serving,
    require,
)
from app.artifacts.sessions import batches, check_graph, open_graph
from app.forecasts.serving import ForecastServing

KIND: Final = "forecast"
GRAPH_FILE: Final = "model.onnx"
NAME_KEY: Final = "forecast"
"""The graph's metadata that names the model it belongs to."""
ROWS: Final = 64
"""Sequences a run: the networks are so small that what each run costs by itself counts most."""
OUTPUTS: Final = ["output"]

Observations = Sequence[Sequence[float]]
"""One sequence: at each time a number for each feature."""
Forecast = NDArray[np.float32]
"""Shape (steps, outputs)."""


class Misshapen(ValueError):
    """Observations do not have the features that the model reads. The message says which it reads.

    Attributes:
        sequence: Index of the first sequence that is wrong.
        row: Index of its first observation that is wrong.
        detail: What is wrong there.
    """

    def __init__(self, sequence: int, row: int, detail: str) -> None:
        super().__init__(f"Observation {row} of sequence {sequence} {detail}.")
        self.sequence = sequence
        self.row = row
        self.detail = detail


class Forecaster:
    """The model of one folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Read and verify a model folder.

        Args:
            folder: The model folder.

        Raises:
            ArtifactError: The folder is damaged, incomplete, or its parts are not of one model.
        """
        self.manifest, contents = read_folder(folder, {GRAPH_FILE})
        check_kind(folder, self.manifest, KIND)
        check_data(folder, self.manifest)
        self.name = self.manifest.name
        require(folder, self.manifest, [GRAPH_FILE])
        self.serving = read_serving(folder, self.manifest, ForecastServing)
        content = content_of(folder, self.manifest, contents, GRAPH_FILE)
        session = open_graph(folder / GRAPH_FILE, content)
        check_graph(folder / GRAPH_FILE, session, {"observations", "lengths"}, {*OUTPUTS})
        named = session.get_modelmeta().custom_metadata_map.get(NAME_KEY)
        shapes = [tuple(node.shape) for node in (*session.get_inputs(), *session.get_outputs())]
        if named != self.name or shapes != self._shapes() or not self._parts_fit():
            raise ArtifactError(
                f"{folder / GRAPH_FILE} is not the graph that its manifest describes; restore the model folder."
            )
        self._run = session.run
        self._check_example(folder)

    def _check_example(self, folder: Path) -> None:
        """Forecast from the example of the manifest."""
        try:
            (found,) = self.forecast([self.serving.example])
        except Misshapen as error:
            raise ArtifactError(
                f"{folder / MANIFEST} has an example that does not fit ({error}); restore it."
            ) from error
        except Exception as error:
            raise ArtifactError(f"{folder / GRAPH_FILE} cannot be run ({error}); restore the model folder.") from error
        if not np.isfinite(found).all():
            raise ArtifactError(f"{folder / GRAPH_FILE} gives what is no number; restore the model folder.")

    def forecast(self, sequences: Sequence[Observations]) -> list[Forecast]:
        """Forecast what follows each sequence.

        Args:
            sequences: n sequences of at least one observation each, of as many numbers as the model has inputs. They
                may differ in length. The numbers are finite, and so as ``float32``.

        Returns:
            For each sequence a forecast of shape (steps, outputs); steps is the length of the sequence where the
            model gives one forecast at each observation.

        Raises:
            Misshapen: An observation has another number of features.
        """
        rows = [self._array(index, sequence) for index, sequence in enumerate(sequences)]
        if len(rows) == 1:
            feed = {"observations": rows[0][None], "lengths": np.array([len(rows[0])], dtype=np.int32)}
            return [self._run(OUTPUTS, feed)[0][0]]
        forecasts: list[Forecast] = [np.empty(0, dtype=np.float32)] * len(rows)
        lengths = np.fromiter(map(len, rows), dtype=np.int32, count=len(rows))
        for run in batches(lengths, ROWS):
            padded = np.zeros((len(run), lengths[run].max(), len(self.serving.inputs)), dtype=np.float32)
            for place, index in zip(padded, run, strict=True):
                place[: lengths[index]] = rows[index]
            output = self._run(OUTPUTS, {"observations": padded, "lengths": lengths[run]})[0]
            for index, values in zip(run, output, strict=True):
                forecasts[index] = values[: lengths[index]] if self.serving.steps is None else values
        return forecasts

    def _array(self, index: int, sequence: Observations) -> NDArray[np.float32]:
        """Return a sequence as an array of shape (time, inputs)."""
        expected = len(self.serving.inputs)
        # Before the array is built: of an observation of far too many numbers that alone takes long.
        if set(map(len, sequence)) == {expected}:
            return np.array(sequence, dtype=np.float32)
        row = next(number for number, values in enumerate(sequence) if len(values) != expected)
        names = ", ".join(feature.name for feature in self.serving.inputs)
        found = len(sequence[row])
        raise Misshapen(
            index,
            row,
            f"has {found:,} feature{'' if found == 1 else 's'}, but {self.name} reads {expected}: {names}",
        )

    def _shapes(self) -> list[tuple[str | int, ...]]:
        """The shapes that the graph's inputs and its output must have."""
        steps = "time" if self.serving.steps is None else len(self.serving.steps)
        return [("n", "time", len(self.serving.inputs)), ("n",), ("n", steps, len(self.serving.outputs))]

    def _parts_fit(self) -> bool:
        """Whether each layer reads what the one before it gives, and the intervals are of what the last one gives."""
        serving = self.serving
        values = len(serving.outputs) * (1 if serving.steps is None else len(serving.steps))
        fits = all(layer.units == after.features for layer, after in pairwise(serving.layers))
        shape = (len(serving.steps or ()), len(serving.outputs))
        fits = fits and (serving.intervals is None or serving.intervals.shape == shape)
        return fits and serving.layers[0].features == len(serving.inputs) and serving.layers[-1].units == values
