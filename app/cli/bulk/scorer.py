"""What classifies a block on the machine where Ray puts it."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Self, cast

from app.artifacts.manifest import MANIFEST
from app.cli.bulk.blocks import Block
from app.cli.bulk.stores import Ranges, Store, StoreError
from app.cli.scoring import NOTHING, SWITCH_SECONDS, added_columns, cells, columns, in_order, naming_options, results
from app.files.delimited import CsvTable
from app.files.errors import ColumnTaken, InputError, UnknownColumn
from app.files.json_lines import JsonLinesTable
from app.files.outputs import packing
from app.files.parquet import ParquetTable
from app.files.sources import GZIP, Source
from app.files.tables import AddedColumns, Table
from app.sentiment.attribution import ATTRIBUTION_FILE
from app.sentiment.classifier import TOKENIZER_FILE, Classifier
from app.sentiment.engines import ENGINES, EngineName
from app.sentiment.labels import Labels


@dataclass(frozen=True)
class Model:
    """A model folder that travels, so that the other machines need none.

    Attributes:
        name: That of the folder.
        files: The contents of what is read of it.
        engine: What computes.
    """

    name: str
    files: dict[str, bytes]
    engine: EngineName

    @classmethod
    def of(cls, classifier: Classifier) -> Self:
        """Pack the folder of a model."""
        read = {MANIFEST, TOKENIZER_FILE, ENGINES[classifier.engine_name].file, ATTRIBUTION_FILE}
        files = {path.name: path.read_bytes() for path in classifier.folder.iterdir() if path.name in read}
        return cls(classifier.name, files, classifier.engine_name)

    def load(self) -> Classifier:
        """Unpack, verify and load it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, self.name)
            path.mkdir()
            for name, content in self.files.items():
                (path / name).write_bytes(content)
            return Classifier(path, self.engine)


@dataclass(frozen=True)
class Job:
    """What is the same for all blocks.

    Attributes:
        model: The model.
        labels: Those to choose from.
        column: That of the texts.
        prefix: Put before the names of the new columns.
        source: Where the files are.
        target: Where the parts go.
        blocks: The blocks.
        parts: The name of the part of each.
    """

    model: Model
    labels: Labels
    column: str
    prefix: str | None
    source: Store
    target: Store
    blocks: Sequence[Block]
    parts: Sequence[str]


@dataclass(frozen=True)
class Outcome:
    """What became of a block.

    Attributes:
        index: Which block.
        began: When it was begun, in seconds since 1970.
        rows: Number of its rows.
        missing: How many of them have no text.
        damage: What is wrong with the file; empty if nothing is.
        refusal: Why there is no part though the file may be whole; empty if there is one.
    """

    index: int
    began: float
    rows: int = 0
    missing: int = 0
    damage: str = ""
    refusal: str = ""


class Scorer:
    """Classifies blocks, one at a time. Ray makes one an actor, which loads the model once."""

    def __init__(self, fetch: Callable[[], Job]) -> None:
        """Fetch what is to be done, and load the model."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._job = fetch()
        self._classifier = self._job.model.load()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Classify the blocks of these indices, and return a column for each attribute of :class:`Outcome`."""
        outcomes = [self._outcome(int(index)) for index in batch["index"]]
        return {name: [getattr(one, name) for one in outcomes] for name in Outcome.__dataclass_fields__}

    def _outcome(self, index: int) -> Outcome:
        began = time.time()
        try:
            with naming_options():
                rows, missing = self._classify(index)
        except StoreError as error:
            return Outcome(index, began, refusal=str(error))
        except InputError as error:
            # That a column is not there, or there already, is a matter of the options.
            if isinstance(error.__cause__, UnknownColumn | ColumnTaken):
                return Outcome(index, began, refusal=str(error))
            return Outcome(index, began, damage=str(error))
        return Outcome(index, began, rows, missing)

    def _classify(self, index: int) -> tuple[int, int]:
        """Write the part of a block, and return how many rows it has, and how many of them without text."""
        job, total, missing = self._job, 0, 0
        part = job.parts[index]
        classify = partial(results, self._classifier, job.labels)
        with tempfile.TemporaryFile() as file, _opened(job, job.blocks[index]) as table:
            plain = nullcontext(cast("BinaryIO", file)) if job.blocks[index].kind == "parquet" else None
            with plain or packing(cast("BinaryIO", file), PurePosixPath(part)) as output, table.writer(output) as write:
                for chunk, added in in_order(partial(cells, classify, columns), table.chunks(), 1):
                    write(chunk.rows, added)
                    total += len(added)
                    missing += added.count(NOTHING)
            file.seek(0)
            job.target.put(cast("BinaryIO", file), part)
        return total, missing


@contextmanager
def _opened(job: Job, block: Block) -> Iterator[Table[Any]]:
    name = job.source.shown(block.file)
    if block.number and block.ranges:
        name = f"{name} from byte {block.ranges[-1][0]:,} on"
    with job.source.open(block.file) as stream:
        yield _table(job, block, stream, name, added_columns(job.prefix))


def _table(job: Job, block: Block, stream: Any, name: str, added: AddedColumns) -> Table[Any]:
    if block.kind == "parquet":
        return ParquetTable(stream, job.column, added, name=name, groups=block.groups, rows=block.rows)
    ranges = block.ranges or ((0, block.file.size),)
    packed = block.file.relative.endswith(GZIP)
    source = Source(Ranges(stream, ranges), name, packed=packed, size=sum(stop - start for start, stop in ranges))
    if block.kind == "jsonl":
        return JsonLinesTable(source, job.column, added, begins=block.number == 0)
    return CsvTable(source, job.column, added, delimiter="\t" if block.kind == "tsv" else ",")
