"""From word vectors to the model folder of their space: words, order, matrix, card and manifest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import Manifest, write_manifest
from app.vectors.folder import KIND, MATRIX_FILE, ORDER_FILE, WORDS_FILE, Packaged, SpaceServing
from app.vectors.space import About, VectorSpace
from app.vectors.vocabulary import Vocabulary
from training import environment
from training.folders import replacing

VERSION: Final = "1.0.0"
NEIGHBORS_SHOWN: Final = 5


@dataclass(frozen=True)
class Vectors:
    """A space to write.

    Attributes:
        name: By which requests pick it.
        title: What it is, in a sentence, for its card.
        source: Where the vectors come from.
        licence: Under which they may be used.
        words: The words, most frequent first.
        matrix: Their vectors, shape (n, d), in the type in which they are stored.
        packaged: Where the matrix is, if a package has it; it is not stored then.
        examples: Words whose neighbours the card shows.
        recipe: How they were made.
        data: What they were made from.
        figures: What was measured.
    """

    name: str
    title: str
    source: str
    licence: str
    words: Sequence[str]
    matrix: NDArray[np.floating[Any]]
    examples: Sequence[str]
    packaged: Packaged | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


def write(vectors: Vectors, output: Path) -> VectorSpace:
    """Write a space's folder, whole or not at all.

    Args:
        vectors: The space.
        output: The model folder; replaced if it exists.

    Returns:
        The space, as the service will have it.
    """
    vocabulary = Vocabulary.of(vectors.words)
    space = VectorSpace(About(vectors.name, vectors.source, vectors.licence), vocabulary, vectors.matrix)
    serving = SpaceServing(
        dimensions=space.dimensions, source=vectors.source, licence=vectors.licence, matrix=vectors.packaged
    )
    with replacing(output) as folder:
        (folder / WORDS_FILE).write_bytes(b"".join(word.encode() + b"\n" for word in vectors.words))
        np.save(folder / ORDER_FILE, vocabulary.order)
        if vectors.packaged is None:
            np.save(folder / MATRIX_FILE, vectors.matrix)
        (folder / "README.md").write_text(_card(vectors, space), encoding="utf-8")
        write_manifest(
            folder,
            Manifest(
                name=vectors.name,
                version=VERSION,
                kind=KIND,
                recipe=vectors.recipe,
                data=vectors.data,
                serving=serving.model_dump(),
                figures=vectors.figures,
                environment=environment.describe(),
            ),
        )
    return space


def _card(vectors: Vectors, space: VectorSpace) -> str:
    rows = "\n".join(_neighbors(space, word) for word in vectors.examples if word in space)
    return f"""# {vectors.name}

{vectors.title}

| | |
|---|---|
| words | {len(space):,}, most frequent first |
| dimensions | {space.dimensions} |
| source | {vectors.source} |
| licence | {vectors.licence} |

| word | nearest, by cosine |
|---|---|
{rows}
"""


def _neighbors(space: VectorSpace, word: str) -> str:
    found = space.neighbors(word, NEIGHBORS_SHOWN)
    return f"| {word} | {', '.join(f'{other} {similarity:.2f}' for other, similarity in found)} |"
