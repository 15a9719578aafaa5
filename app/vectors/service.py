"""The service behind the routes of word vectors: the loaded spaces, and where their work is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from app.compute import Compute
from app.settings import Settings
from app.vectors.registry import VectorSpaces
from app.vectors.space import VectorSpace
from app.vectors.spellings import LONGEST

Result = TypeVar("Result")

SECONDS_A_VALUE: Final = 6e-11
"""Of searching a space, on one core."""
SECONDS_A_WORD: Final = 1e-4
"""Of looking a word up as often as an answer needs it, and of its share in a sum or a projection."""
SECONDS_A_RESULT: Final = 1e-5
"""Of one of the nearest words: of reading it, of describing it, and of its share in looking at more rows."""
SECONDS_A_LETTER: Final = 2.5e-3
"""Of looking for the closest spellings of an unknown word, for each of its letters."""
EXPLAINED: Final = 5
"""Unknown words of a request for which the closest spellings are looked for."""


@dataclass(frozen=True)
class VectorsService:
    """The spaces of a process.

    Attributes:
        spaces: The spaces.
        compute: Where the work is done.
    """

    spaces: VectorSpaces
    compute: Compute

    @classmethod
    def load(cls, settings: Settings, compute: Compute) -> Self:
        """Load the spaces of the model folders, and those of the files that the settings name.

        Raises:
            app.artifacts.manifest.ArtifactError: One of them cannot be used.
        """
        return cls(VectorSpaces(settings.models_dir, settings.vectors_files), compute)

    def reload(self, *, at_once: bool = False) -> bool:
        """See :meth:`app.artifacts.registry.Registry.reload`; spaces of files stay as they are."""
        return self.spaces.reload(at_once=at_once)

    async def read(self, work: Callable[[], Result], words: int) -> Result:
        """Do work that looks so many words up, and nothing else.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        return await self.compute.call(work, seconds=words * SECONDS_A_WORD)

    async def run(
        self, work: Callable[[], Result], space: VectorSpace, words: Sequence[str], results: int = 0
    ) -> Result:
        """Do work that searches a space, and looks words up in it.

        Args:
            work: What to do.
            space: The space.
            words: The words that are looked up.
            results: How many of the nearest words are wanted.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        seconds = len(space) * space.dimensions * SECONDS_A_VALUE
        seconds += len(words) * SECONDS_A_WORD + results * SECONDS_A_RESULT
        return await self.compute.call(self.compute.step("search", work), seconds=seconds)

    async def spell(self, work: Callable[[], Result], words: Sequence[str]) -> Result:
        """Do work that looks for the closest spellings of up to :data:`EXPLAINED` of some words.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        letters = sorted(min(len(word), LONGEST) for word in words)[-EXPLAINED:]
        seconds = sum(letters) * SECONDS_A_LETTER + len(words) * SECONDS_A_WORD
        return await self.compute.call(self.compute.step("spell", work), seconds=seconds)
