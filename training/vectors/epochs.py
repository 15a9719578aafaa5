"""The epochs of a training by gensim, told on standard error."""

import sys

from gensim.models.callbacks import CallbackAny2Vec


class ShownEpochs(CallbackAny2Vec):  # type: ignore[misc]
    """A callback that writes a line after each epoch."""

    def __init__(self, what: str, epochs: int) -> None:
        """Take what is trained, and how many epochs there are."""
        self._what, self._epochs, self._done = what, epochs, 0

    def on_epoch_end(self, _model: object) -> None:
        """Write the line."""
        self._done += 1
        sys.stderr.write(f"{self._what}: epoch {self._done} of {self._epochs}\n")
