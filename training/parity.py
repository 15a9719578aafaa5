"""The promise that the graph gives what the trained Keras model gives."""

from typing import Final

from training.errors import TrainingError

TOLERANCE: Final = 1e-5
"""How far a served probability, or a forecast in proportion, may be from that of the Keras model it came from."""


class ParityError(TrainingError):
    """The exported graph gives something else than the Keras model."""


def require(name: str, difference: float) -> None:
    """Refuse a model whose graph is further from Keras than :data:`TOLERANCE`.

    Args:
        name: Of the model.
        difference: The largest that was found.

    Raises:
        ParityError: It is too large, or not a number.
    """
    if not difference <= TOLERANCE:
        raise ParityError(
            f"The ONNX graph of {name} differs from its Keras model by {difference:.1e}, which is more than "
            f"{TOLERANCE:.0e}; it was not written."
        )
