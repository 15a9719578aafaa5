"""Attribution of a long text's log-odds to its words, for a model that reads texts in windows.

Such a model classifies by the largest value of each LSTM unit over all steps of all windows. A word contributes what
these maxima lose, each at the step where it is, if the word is one that the model does not know: occlusion (Zeiler and
Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014), one memory cell at a time. What the other
units have said up to there, the states h, stays as it was. The losses are weighted by the gradient of the log-odds.

Leaving one word out of a long text says less: other words take its place, so that on a clear text no word seems to
matter. Here none does, and it costs less than another prediction: h of every step is what the graph computes anyway,
and the gates are computed again for the units and the windows of the maxima alone.
"""

from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError

ATTRIBUTION_FILE: Final = "attribution.npz"

COUNTED_WINDOWS: Final = 6
"""A text of more tokens than these hold counts as one of so many where a temperature depends on the length."""
_ALWAYS: Final = 6
"""So many of the weights are in every artifact."""
_GATES: Final = 4
_SIGMOIDS: Final = 3
"""The gates but for the candidate of the cell, which comes last here."""
_KERAS_ORDER: Final = (0, 1, 3, 2)
"""Where Keras has the input gate, the forget gate, the output gate, and the candidate."""

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]


class States(NamedTuple):
    """What a model computes on its way through the windows of a text.

    Attributes:
        embedded: The vectors of the tokens, shape (steps, windows, dimensions). Step 0 has the token in front.
        states: h of the LSTM of each direction after each step, shape (steps, 2, windows, units); zeros behind the
            end of a window.
    """

    embedded: Floats
    states: Floats


class Weights(NamedTuple):
    """The weights of a model of windows, as Keras has them: gates are input, forget, candidate, output.

    Attributes:
        kernel: Of the LSTM of each direction, shape (2, dimensions, 4 · units).
        recurrent: Shape (2, units, 4 · units).
        bias: Shape (2, 4 · units).
        dense: From the maxima to the logits, shape (2 · units, outputs).
        unknown: The vector of a word that is not in the vocabulary, shape (dimensions,).
        window: Tokens of a window at most, without the one in front; a scalar.
        output_bias: Of the logits, shape (outputs,).
        length_power: Maxima and bias are divided by this power of the number of a text's tokens, of which
            :data:`COUNTED_WINDOWS` full ones count at most; a scalar.
    """

    kernel: Floats
    recurrent: Floats
    bias: Floats
    dense: Floats
    unknown: Floats
    window: NDArray[np.int64]
    output_bias: Floats
    length_power: Floats

    def divisor(self, tokens: int) -> float:
        """Return what maxima and bias of a text of so many tokens are divided by."""
        return float(min(tokens, COUNTED_WINDOWS * int(self.window)) ** float(self.length_power))

    def save(self, path: Path) -> None:
        """Write the artifact."""
        np.savez(path, **self._asdict())

    @classmethod
    def load(cls, path: Path, content: bytes | None = None) -> Self:
        """Read an artifact that :meth:`save` wrote.

        Args:
            path: Its file.
            content: The bytes of the file, where they have been read already.

        Raises:
            ArtifactError: The file is missing, or not such an artifact.
        """
        try:
            with path.open("rb") if content is None else BytesIO(content) as file:
                arrays = np.load(file, allow_pickle=False)
                found = {name: arrays[name] for name in cls._fields[:_ALWAYS]}
                # Older folders lack these. They divide by no power, and of what is the same for all texts only
                # differences were looked at.
                bias, power = np.zeros(found["dense"].shape[-1:], np.float32), np.float32(0)
                found["output_bias"] = arrays.get("output_bias", bias)
                found["length_power"] = np.asarray(arrays.get("length_power", power))
                weights = cls(**found)
        except (OSError, ValueError, LookupError, EOFError, BadZipFile) as error:
            raise ArtifactError(f"{path} has no weights for attribution ({error}); train the model again.") from error
        if not weights._agree():
            raise ArtifactError(f"{path} has weights that do not fit together; train the model again.")
        return weights

    def _agree(self) -> bool:
        if self.unknown.ndim != 1 or self.dense.ndim != 2:
            return False
        dimensions, units = self.unknown.size, self.dense.shape[0] // 2
        gates = _GATES * units
        shapes = ((2, dimensions, gates), (2, units, gates), (2, gates), (2 * units, self.dense.shape[1]))
        found = tuple(array.shape for array in self[:4])
        last = (self.output_bias.shape, self.length_power.shape) == ((self.dense.shape[1],), ())
        values = [*self[:5], *self[_ALWAYS:]]
        floats = all(array.dtype == np.float32 for array in values)
        finite = floats and all(bool(np.isfinite(array).all()) for array in values)
        window = self.window.ndim == 0 and self.window.dtype.kind == "i" and self.window >= 1
        return bool(found == shapes and last and finite and window)


@dataclass(frozen=True)
class _Maxima:
    """Where the maxima are, each in its window, in the order of directions and windows.

    A maximum that several windows have is there for each of them. A direction's own time runs as it reads.

    Attributes:
        direction: 0 forward or 1 backward, shape (n,).
        window: Shape (n,).
        unit: Shape (n,).
        step: At which it is, in its direction's own time, shape (n,).
        first: At which the window begins, in its direction's own time, shape (n,).
        share: 1, divided by the number of windows that have it, shape (n,).
        begins: Where those of another direction or window begin.
    """

    direction: Integers
    window: Integers
    unit: Integers
    step: Integers
    first: Integers
    share: Floats
    begins: Integers

    @classmethod
    def of(cls, states: Floats, tokens: int) -> Self:
        """Find the maxima that are above 0, as the model counts nothing below.

        Args:
            states: See :class:`States`.
            tokens: Of the text.
        """
        steps, _, windows, _ = states.shape
        of_window = states.max(axis=0)
        highest = (of_window == of_window.max(axis=1, keepdims=True)) & (of_window > 0)
        direction, window, unit = np.nonzero(highest)
        step = states[:, direction, window, unit].argmax(axis=0)
        group = direction * windows + window
        # Only the last window may be shorter than the others; backward, what it lacks comes first.
        lacking = 1 + windows * (steps - 1) - tokens
        return cls(
            direction,
            window,
            unit,
            np.where(direction == 1, steps - 1 - step, step),
            np.where((direction == 1) & (window == windows - 1), lacking, 0),
            (1 / highest.sum(axis=1)[direction, unit]).astype(np.float32),
            np.flatnonzero(np.diff(group, prepend=-1)),
        )


class Attribution:
    """Contributions of words, by the weights of one model. Safe to use from several threads.

    Attributes:
        window: Tokens of a window at most, without the one in front.
        dimensions: Of a word's vector.
        units: Of the LSTM of each direction.
        outputs: Of the model: 1, or one for each label.
        divisor: See :class:`Weights`.
    """

    def __init__(self, weights: Weights) -> None:
        """Rearrange the weights.

        Args:
            weights: Of the model.
        """
        self.window = int(weights.window)
        self.dimensions, self.units = weights.unknown.size, weights.recurrent.shape[1]
        self.outputs = weights.dense.shape[1]
        self.divisor = weights.divisor
        self._unknown = weights.unknown
        # The logit of the first label of a sigmoid is 0.
        self._dense = weights.dense if self.outputs > 1 else np.pad(weights.dense, ((0, 0), (1, 0)))
        self._columns = self._arranged(weights)

    def _arranged(self, weights: Weights) -> Floats:
        """Return the columns by which the pre-activations of a unit come from a step's vector, h before it, and 1.

        The first four are what the word adds to those of an unknown one, the other four are the unknown one's. Those
        of the sigmoids are halved, as σ(z) = (1 + tanh(z / 2)) / 2.

        Returns:
            Shape (2, dimensions + units + 1, units, 8).
        """
        inputs = (weights.kernel, weights.recurrent, (weights.bias + weights.unknown @ weights.kernel)[:, None])
        kernel, recurrent, bias = (
            array.reshape(2, -1, _GATES, self.units)[:, :, _KERAS_ORDER].swapaxes(2, 3) for array in inputs
        )
        columns = np.zeros((2, self.dimensions + self.units + 1, self.units, 2 * _GATES), np.float32)
        columns[:, : self.dimensions, :, :_GATES] = kernel
        columns[:, self.dimensions : -1, :, _GATES:] = recurrent
        columns[:, -1:, :, _GATES:] = bias
        columns.reshape(*columns.shape[:-1], 2, _GATES)[..., :_SIGMOIDS] /= 2
        return columns

    def covers(self, tokens: int) -> bool:
        """Whether a text of so many tokens is read in several windows."""
        return tokens - 1 > self.window

    def contributions(self, states: States, tokens: int, gradient: NDArray[np.float64]) -> Floats:
        """Return what each token of a text contributes to its log-odds.

        Args:
            states: What the model computed on its way.
            tokens: Of the text, the one in front included.
            gradient: Of the log-odds with respect to the logits, shape (labels,).

        Returns:
            Shape (tokens,). What the start ids in front of the further windows contribute is in none of them.
        """
        steps, windows, _ = states.embedded.shape
        maxima = _Maxima.of(states.states, tokens)
        slopes = (self._dense @ gradient / self.divisor(tokens)).astype(np.float32).reshape(2, self.units)
        losses = self._losses(states, maxima) * (slopes[maxima.direction, maxima.unit] * maxima.share)
        summed = np.zeros((2, windows, steps), np.float32)
        begins = maxima.begins
        if len(begins):
            sums = np.add.reduceat(losses, begins, axis=1)
            summed[maxima.direction[begins], maxima.window[begins]] = sums.T
        found = summed[0] + summed[1, :, ::-1]
        return np.concatenate([found[0, :1], found[:, 1:].reshape(-1)[: tokens - 1]])

    def _losses(self, states: States, maxima: _Maxima) -> Floats:
        """Return what each maximum loses without the word at each step; shape (steps, n), in its direction's time."""
        with_word, without = self._gates(states, maxima)
        (entry, forget, exit_, candidate), (other_entry, other_forget, other_exit, other_candidate) = with_word, without
        steps, count = entry.shape
        step, each = np.arange(steps)[:, None], np.arange(count)
        outside = (step < maxima.first) | (step > maxima.step)

        cells = entry * candidate
        cells[step < maxima.first] = 0
        for before, kept, now in zip(cells[:-1], forget[1:], cells[1:], strict=True):
            now += kept * before
        before = np.zeros_like(cells)
        before[1:] = cells[:-1]
        change = other_forget * before + other_entry * other_candidate - cells

        # Of the change at a step, the maximum's step keeps the product of the forget gates between.
        forget[step > maxima.step] = 1
        kept = np.ones_like(cells)
        kept[:-1] = np.multiply.accumulate(forget[:0:-1], axis=0)[::-1]
        at_maximum, exit_there = cells[maxima.step, each], exit_[maxima.step, each]
        exits = np.where(step == maxima.step, other_exit, exit_there)
        left = np.maximum(exits * np.tanh(at_maximum + kept * change), 0)
        losses: Floats = np.where(outside, np.float32(0), exit_there * np.tanh(at_maximum) - left)
        return losses

    def _gates(self, states: States, maxima: _Maxima) -> Floats:
        """Return the gates of the maxima's units: input, forget, output, candidate.

        Returns:
            Shape (2, 4, steps, n), in the directions' own time: as they are; and as they are for an unknown word.
        """
        inputs = self._inputs(states)
        steps = inputs.shape[2]
        found = np.empty((steps, len(maxima.unit), 2 * _GATES), np.float32)
        for begin, end in pairwise([*maxima.begins.tolist(), len(maxima.unit)]):
            direction = maxima.direction[begin]
            columns = self._columns[direction].take(maxima.unit[begin:end], axis=1)
            product = inputs[direction, maxima.window[begin]] @ columns.reshape(len(columns), -1)
            found[:, begin:end] = product.reshape(steps, end - begin, -1)
        gates = np.ascontiguousarray(found.transpose(2, 0, 1)).reshape(2, _GATES, steps, -1)
        gates[0] += gates[1]
        np.tanh(gates, out=gates)
        gates[:, :_SIGMOIDS] += 1
        gates[:, :_SIGMOIDS] /= 2
        return gates

    def _inputs(self, states: States) -> Floats:
        """Return what each step reads: how far its vector is from the unknown word's, h before it, and 1.

        Returns:
            Shape (2, windows, steps, dimensions + units + 1), in the directions' own time.
        """
        steps, windows, dimensions = states.embedded.shape
        inputs = np.empty((2, windows, steps, dimensions + self.units + 1), np.float32)
        vectors, before = inputs[..., :dimensions], inputs[..., dimensions:-1]
        np.subtract(states.embedded.swapaxes(0, 1), self._unknown, out=vectors[0])
        vectors[1] = vectors[0, :, ::-1]
        before[:, :, 0] = 0
        before[0, :, 1:] = states.states[:-1, 0].swapaxes(0, 1)
        before[1, :, 1:] = states.states[:0:-1, 1].swapaxes(0, 1)
        inputs[..., -1] = 1
        return inputs
