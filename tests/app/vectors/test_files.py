import contextlib
import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.manifest import ArtifactError
from app.vectors.files import name_of, read_file

WORDS = ["the", "naïve", "😀", "and/or", "x"]
MATRIX = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)


def written(path: Path, *, binary: bool, header: bool = True) -> Path:
    """A file as gensim writes it."""
    vectors = KeyedVectors(MATRIX.shape[1])
    vectors.add_vectors(WORDS, MATRIX)
    vectors.save_word2vec_format(str(path), binary=binary, write_header=header)
    return path


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ArtifactError) as caught:
        read_file(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert sentence[-1] in ".?"
    return sentence.removeprefix(str(path))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("binary", "header"), [(True, True), (False, True), (False, False)])
def test_each_format(tmp_path: Path, binary: bool, header: bool, zipped: bool) -> None:
    path = written(tmp_path / "some.vectors", binary=binary, header=header)
    if zipped:
        with path.open("rb") as plain, gzip.open(tmp_path / "some.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        path = tmp_path / "some.gz"
    space = read_file(path)
    assert list(space.vocabulary) == WORDS
    for row, vector in enumerate(MATRIX):
        assert space.vector(row).tolist() == vector.tolist()


@pytest.mark.parametrize("binary", [True, False])
def test_more_words_than_are_read_at_once(tmp_path: Path, binary: bool) -> None:
    matrix = np.random.default_rng(0).normal(size=(20_000, 30)).astype(np.float32)
    vectors = KeyedVectors(30)
    vectors.add_vectors([f"word{number}" for number in range(20_000)], matrix)
    vectors.save_word2vec_format(str(tmp_path / "many"), binary=binary)
    space = read_file(tmp_path / "many")
    assert len(space) == 20_000
    for row in (0, 8191, 8192, 16_384, 19_999):
        assert space.vocabulary[row] == f"word{row}"
        assert space.vector(row).tolist() == matrix[row].tolist()


def test_binary_files_as_the_first_word2vec_wrote_them(tmp_path: Path) -> None:
    """With a line's end after each vector."""
    records = (b"%s %s\n" % (word.encode(), row.tobytes()) for word, row in zip(WORDS, MATRIX, strict=True))
    (tmp_path / "old.bin").write_bytes(b"5 7\n" + b"".join(records))
    assert list(read_file(tmp_path / "old.bin").vocabulary) == WORDS


def test_words_with_spaces_and_lines_of_windows(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"the 1 2\r\n. . . 3 4\r\nat\xc2\xa0home 5 6 \r\n")
    assert list(read_file(tmp_path / "v.txt").vocabulary) == ["the", ". . .", "at\xa0home"]


def test_of_a_word_that_stands_twice_the_first_counts(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"3 2\na 1 2\na 3 4\nb 5 6\n")
    space = read_file(tmp_path / "v.txt")
    assert (len(space), space.vector(space.row("a")).tolist()) == (2, [1, 2])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no vectors"),
        (b"2 2\n", "announces 2 words in line 1 and has 0"),
        (b"hello\n", ", line 1: no numbers follow the word"),
        (b"a 1 2\nb 1\n", ", line 2: 1 numbers follow the word, not 2"),
        (b"a 1 2\n\nb 1 2\n", ", line 2: 0 numbers follow the word, not 2"),
        (b"a 1 2\nb 1 two\n", ", line 2: could not convert string to float"),
        (b"2 2\na 1 2\nb 1 nan\n", ", line 3: a number is not finite"),
        (b"a 1 2\nb 1 inf\n", ", line 2: a number is not finite"),
        (b"a 1 2\nb 1 1e300\n", ", line 2: a number is not finite"),
        (b"a 1 2\n\xff 1 2\n", ", line 2: the word is not UTF-8"),
        (b"3 2\na 1 2\nb 1 2\n", "announces 3 words in line 1 and has 2"),
        (b"1 2\na 1 2\nb 1 2\n", "announces 1 words in line 1 and has 2"),
        (b"2 2\na " + b"\0" * 8 + b"b " + b"\0" * 7, "breaks off within word 2 of 2"),
        (b"2 2\n" + b"\0" * 30_000, "breaks off within word 1 of 2"),
        (b"1 1\na \0\0\xc0\x7f", ", word 1: a number is not finite"),
        (b"1 1\n\xff \0\0\0\0", ", word 1: the word is not UTF-8"),
        (b"\x1f\x8bnonsense", "cannot be read"),
        (gzip.compress(b"a 1 2\n" * 1000, mtime=0)[:-9], "cannot be read"),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in refused(tmp_path / "v", content)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(ArtifactError, match="cannot be read"):
            read_file(path)


@given(content=st.binary(), header=st.sampled_from([b"", b"1 1\n", b"2 3\n", b"10 0\n"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, header: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(header + content)
    with contextlib.suppress(ArtifactError):
        assert len(read_file(path)) > 0


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("glove.6B.300d.txt.gz", "glove.6b.300d"),
        ("GoogleNews-vectors-negative300.bin", "googlenews-vectors-negative300"),
        ("crawl 300d (2M).vec", "crawl-300d-2m"),
        (".txt", "txt"),
        ("ñ.bin", "vectors"),
    ],
)
def test_a_space_is_named_after_its_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name
