"""Files of word vectors as other programs write them: GloVe's text, word2vec's text and binary, each gzipped or not."""

import gzip
import re
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError
from app.vectors.space import About, VectorSpace
from app.vectors.vocabulary import Vocabulary

_GZIP: Final = b"\x1f\x8b"
_HEADER: Final = re.compile(rb"\s*(\d+)\s+(\d+)\s*\r?\n")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_LONGEST_WORD: Final = 10_000
_LONGEST_NUMBER: Final = 40
_CHUNK: Final = 1 << 20
_ROWS_AT_ONCE: Final = 8_192
_ENDINGS: Final = frozenset({".gz", ".txt", ".bin", ".vec", ".w2v", ".word2vec"})

File = gzip.GzipFile | BufferedReader
Row = tuple[str, NDArray[np.float32]]


class _Header(NamedTuple):
    words: int
    dimensions: int


def read_file(path: Path) -> VectorSpace:
    """Read a space from a file; it is named after the file, in lower case and without its ending.

    Of a word that stands there twice the first vector counts, as in gensim. In text files, words may have spaces.

    Raises:
        ArtifactError: The file cannot be read; the sentence names the line, or in a binary file the word.
    """
    try:
        with _open(path) as file:
            words, blocks = _collect(_rows(path, file))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArtifactError(f"{path} cannot be read ({reason}); is it complete?") from error
    if not words:
        raise ArtifactError(f"{path} has no vectors; give a file of GloVe or word2vec.")
    about = About(name_of(path), path.name, "that of the file")
    return VectorSpace(about, Vocabulary.of(words), np.concatenate(blocks))


def name_of(path: Path) -> str:
    """Return the name of the space in a file: ``glove.6B.300d.txt.gz`` is ``glove.6b.300d``."""
    name = path.name.lower()
    while Path(name).suffix in _ENDINGS and Path(name).stem:
        name = Path(name).stem
    return re.sub(r"[^a-z0-9.]+", "-", name).strip("-.") or "vectors"


def _open(path: Path) -> File:
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP
    return gzip.open(path) if compressed else path.open("rb")


def _collect(rows: Iterator[Row]) -> tuple[list[str], list[NDArray[np.float32]]]:
    words: dict[str, None] = {}
    blocks: list[NDArray[np.float32]] = []
    vectors: list[NDArray[np.float32]] = []
    for word, vector in rows:
        if word in words:
            continue
        words[word] = None
        vectors.append(vector)
        if len(vectors) == _ROWS_AT_ONCE:
            blocks.append(np.array(vectors))
            vectors.clear()
    return list(words), [*blocks, np.array(vectors)] if vectors else blocks


def _rows(path: Path, file: File) -> Iterator[Row]:
    """Yield the words and vectors of a file of any of the formats."""
    first = file.readline(_CHUNK)
    found = _HEADER.fullmatch(first)
    if not found:
        file.seek(0)
        yield from _text_rows(path, file, len(first.split()) - 1, first_line=1)
        return
    header = _Header(int(found[1]), int(found[2]))
    start = file.tell()
    line = file.readline(header.dimensions * _LONGEST_NUMBER + _LONGEST_WORD)
    file.seek(start)
    if _is_text(line):
        rows = _text_rows(path, file, header.dimensions, first_line=2)
    else:
        rows = _binary_rows(path, file, header)
    count = 0
    for row in rows:
        count += 1
        yield row
    if count != header.words:
        raise ArtifactError(f"{path} announces {header.words:,} words in line 1 and has {count:,}; is it complete?")


def _is_text(line: bytes) -> bool:
    """Whether a line is one of text, if perhaps a wrong one; vectors in binary form are not."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(line)


def _text_rows(path: Path, file: File, dimensions: int, first_line: int) -> Iterator[Row]:
    for number, line in enumerate(file, start=first_line):
        fields = line.rsplit(None, max(dimensions, 0))
        try:
            if dimensions < 1 or len(fields) != dimensions + 1:
                raise ValueError(_miscounted(line, dimensions))
            with np.errstate(over="ignore"):
                vector = np.array(list(map(float, fields[1:])), dtype=np.float32)
            yield _row(fields[0], vector)
        except ValueError as error:
            raise ArtifactError(f"{path}, line {number:,}: {_reason(error)}; mend or remove it.") from error


def _binary_rows(path: Path, file: File, header: _Header) -> Iterator[Row]:
    size = header.dimensions * 4
    data, place = b"", 0
    for number in range(1, header.words + 1):
        space = data.find(b" ", place)
        while space < 0 or space + 1 + size > len(data):
            more = file.read(_CHUNK)
            if not more or (space < 0 and len(data) - place > _LONGEST_WORD):
                raise ArtifactError(f"{path} breaks off within word {number:,} of {header.words:,}; is it complete?")
            data, place = data[place:] + more, 0
            space = data.find(b" ", place)
        vector = np.frombuffer(data, dtype="<f4", count=header.dimensions, offset=space + 1).astype(np.float32)
        try:
            yield _row(data[place:space].lstrip(b"\n"), vector)
        except ValueError as error:
            raise ArtifactError(f"{path}, word {number:,}: {_reason(error)}; mend or remove it.") from error
        place = space + 1 + size


def _row(word: bytes, vector: NDArray[np.float32]) -> Row:
    if not np.isfinite(vector).all():
        raise ValueError("a number is not finite, or too large")
    if not word or b"\n" in word:
        raise ValueError("there is no word before the numbers")
    return word.decode(), vector


def _miscounted(line: bytes, dimensions: int) -> str:
    found = max(len(line.split()) - 1, 0)
    return f"{found} numbers follow the word, not {dimensions}" if dimensions > 0 else "no numbers follow the word"


def _reason(error: ValueError) -> str:
    return "the word is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
