"""What cards have in common: tables in Markdown, and how the data are named."""

from collections.abc import Iterable, Sequence
from typing import Final

from training.corpora.imdb import NAME, REFERENCE

_EPOCH_COLUMNS: Final = {
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "held-out loss",
    "val_accuracy": "held-out accuracy",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def epochs(history: list[dict[str, float]]) -> str:
    """Return a table of loss and accuracy after each epoch, as far as they are known."""
    columns = {name: title for name, title in _EPOCH_COLUMNS.items() if name in history[0]}
    head = f"| epoch | {' | '.join(columns.values())} |\n|---|{'---|' * len(columns)}"
    rows = (
        f"| {number} | {' | '.join(f'{epoch[name]:.4f}' for name in columns)} |"
        for number, epoch in enumerate(history, start=1)
    )
    return "\n".join([head, *rows])


def corpus(name: str) -> str:
    """Return how a card names the data, with a reference where they are published."""
    return f"the {name} ({REFERENCE})" if name == NAME else name
