"""Blocks: pieces of files that are classified one by one, each into a part of its own.

Which blocks a file has depends on nothing but the file, so that whoever goes on with an interrupted run cuts alike. The
name of a part has a checksum of what it was made of: the file as it was, the piece of it, and all that decides what is
written. So a part that is there is a block that is done, whatever became of the run.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, cast

from app.cli.bulk.stores import Store, StoredFile, StoreError
from app.files.delimited import FIELD_CHARACTERS
from app.files.errors import InputError
from app.files.tables import Format

SMALLEST: Final = 8 * 2**20
"""Bytes of a block, about; a smaller file is one block."""
LARGEST: Final = 128 * 2**20
BLOCKS: Final = 64
"""Blocks of a file, about, where they are between :data:`SMALLEST` and :data:`LARGEST`."""
MOST_OF_GROUP: Final = 16
"""Blocks that share a row group of Parquet. Each of them decodes what lies before it, too."""
DIGITS: Final = 12
_LINE: Final = 2**16

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Block:
    """A piece of a file.

    Attributes:
        file: The file.
        kind: Its format.
        number: Which piece it is, from 0.
        size: Bytes that it stands for, in the file.
        ranges: The bytes that make a table of their own, with the header; none of Parquet and of a whole file.
        groups: Row groups of Parquet; none of a whole file.
        rows: Of these groups, the rows from the first number to before the second; ``None`` for all.
    """

    file: StoredFile
    kind: Format
    number: int
    size: int
    ranges: Ranges = ()
    groups: tuple[int, ...] = ()
    rows: tuple[int, int] | None = None

    def part(self, settings: Sequence[str | None]) -> str:
        """Return the name of the part that it becomes, below the folder of all parts.

        Args:
            settings: All else that decides what is written, such as the model.
        """
        said = {**asdict(self), "settings": list(settings)}
        said["file"].pop("path")
        digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:DIGITS]
        path = PurePosixPath(self.file.relative)
        packed = path.suffix == ".gz"
        stem = PurePosixPath(path.stem).stem if packed else path.stem
        return str(path.with_name(f"{stem}.{self.number:05}-{digest}.{self.kind}{'.gz' if packed else ''}"))


def blocks(store: Store, file: StoredFile, kind: Format) -> list[Block]:
    """Cut a file into blocks. A file that cannot be understood is one block: who classifies it says what is wrong.

    Args:
        store: Where it is.
        file: The file.
        kind: Its format.

    Raises:
        StoreError: The store refuses.
    """
    size = min(max(SMALLEST, file.size // BLOCKS), LARGEST)
    whole = [Block(file, kind, 0, file.size)]
    if file.size <= size or (kind != "parquet" and file.relative.endswith(".gz")):
        return whole
    try:
        if kind == "parquet":
            return _of_parquet(store, file, size)
        if kind == "jsonl":
            return _of_lines(store, file, size)
        return _of_records(store, file, kind, size)
    except StoreError:
        raise
    except (InputError, OSError, ValueError, csv.Error):
        return whole


def _of_lines(store: Store, file: StoredFile, size: int) -> list[Block]:
    cuts = [0]
    with store.open(file) as stream:
        while cuts[-1] + size < file.size:
            end = _line_end(stream, cuts[-1] + size - 1)
            if end is None or end >= file.size:
                break
            cuts.append(end)
    cuts.append(file.size)
    return [
        Block(file, "jsonl", number, stop - start, ((start, stop),))
        for number, (start, stop) in enumerate(pairwise(cuts))
    ]


def _line_end(stream: io.RawIOBase, start: int) -> int | None:
    """Return where the line ends that has the byte at ``start``; ``None`` if no line feed follows."""
    stream.seek(start)
    while block := stream.read(_LINE):
        found = block.find(b"\n")
        if found >= 0:
            return start + found + 1
        start += len(block)
    return None


class _Counted:
    """Lines for ``csv.reader``, which takes no more than it needs for a record.

    Attributes:
        count: Bytes of the lines that it took.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.count = 0
        self._lines = (part for line in stream for part in line.splitlines(keepends=True))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += len(line)
        return line.decode("utf-8", "surrogateescape")


def _of_records(store: Store, file: StoredFile, kind: Format, size: int) -> list[Block]:
    """Cut CSV between two records. Only who reads it from its start knows where these are: a field may have lines."""
    csv.field_size_limit(FIELD_CHARACTERS)
    with store.open(file) as raw, io.BufferedReader(raw, 2**20) as stream:
        lines = _Counted(cast("BinaryIO", stream))
        records = csv.reader(lines, delimiter="\t" if kind == "tsv" else ",")
        next(filter(None, records), None)
        header = lines.count
        cuts = [header]
        for _ in records:
            if lines.count - cuts[-1] >= size:
                cuts.append(lines.count)
    if cuts[-1] < file.size or len(cuts) == 1:
        cuts.append(file.size)
    first, *others = pairwise(cuts)
    ranges: list[Ranges] = [((0, first[1]),), *(((0, header), one) for one in others)]
    return [Block(file, kind, number, one[-1][1] - one[-1][0], one) for number, one in enumerate(ranges)]


def _of_parquet(store: Store, file: StoredFile, size: int) -> list[Block]:
    """Cut Parquet between row groups, and a large group between rows."""
    import pyarrow.parquet as pq

    with store.open(file) as stream:
        footer = pq.read_metadata(stream)
    groups = [(number, footer.row_group(number)) for number in range(footer.num_row_groups)]
    unpacked = sum(group.total_byte_size for _, group in groups)
    ratio = file.size / max(1, unpacked)
    found: list[Block] = []
    gathered: list[tuple[int, Any]] = []
    for number, group in groups:
        gathered.append((number, group))
        stored = sum(one.total_byte_size for _, one in gathered) * ratio
        if stored < size and number < len(groups) - 1:
            continue
        of_groups = tuple(number for number, _ in gathered)
        rows = sum(one.num_rows for _, one in gathered)
        pieces = max(1, min(MOST_OF_GROUP, round(stored / size), rows))
        for piece in range(pieces):
            between = (rows * piece // pieces, rows * (piece + 1) // pieces) if pieces > 1 else None
            found.append(Block(file, "parquet", len(found), int(stored / pieces), groups=of_groups, rows=between))
        gathered = []
    return found or [Block(file, "parquet", 0, file.size)]
