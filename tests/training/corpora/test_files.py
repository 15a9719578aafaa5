from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.corpora import published
from training.corpora import files
from training.corpora.files import Official, official_texts, parquet_rows
from training.corpora.imdb import DataError

TEXTS = {"trees/one.txt": "One.\n", "trees/two.txt": "Two: ☺\n"}
ARCHIVE = published.of(Official("small", ["https://example.org/small.zip"], {}), TEXTS)
LOOSE = published.of(
    Official("small", ["https://example.org/a.tsv", "https://example.org/b.tsv"], {}), {"a.tsv": "a", "b.tsv": "b"}
)


def test_a_folder_a_flat_folder_a_zip_and_a_tar_hold_the_same(tmp_path: Path) -> None:
    folder = published.write_folder(tmp_path / "folder", TEXTS)
    flat = published.write_folder(tmp_path / "flat", {name.rpartition("/")[2]: text for name, text in TEXTS.items()})
    sources = [
        folder,
        flat,
        published.write_zip(tmp_path / "small.zip", TEXTS),
        published.write_tar(tmp_path / "small.tar.gz", folder),
    ]
    assert [official_texts(ARCHIVE, source) for source in sources] == [TEXTS] * 4


def test_a_file_whose_name_ends_alike_is_another(tmp_path: Path) -> None:
    texts = {"more-trees/one.txt": "Other.", **TEXTS}
    folder = published.write_folder(tmp_path / "folder", texts)
    for source in (published.write_zip(tmp_path / "a.zip", texts), published.write_tar(tmp_path / "a.tar.gz", folder)):
        assert official_texts(ARCHIVE, source) == TEXTS


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    source = published.write_folder(tmp_path, {**TEXTS, "trees/two.txt": "Three."})
    with pytest.raises(DataError, match=r"trees/two\.txt of small is not the one that was published"):
        official_texts(ARCHIVE, source)


def test_a_file_without_a_known_checksum_is_read(tmp_path: Path) -> None:
    source = published.write_folder(tmp_path, {**TEXTS, "trees/two.txt": "Three."})
    unknown = ARCHIVE._replace(sha256={**ARCHIVE.sha256, "trees/two.txt": None})
    assert official_texts(unknown, source)["trees/two.txt"] == "Three."


@pytest.mark.parametrize("write", [published.write_folder, published.write_zip])
def test_a_missing_file_is_named(tmp_path: Path, write: Callable[[Path, dict[str, str]], Path]) -> None:
    source = write(tmp_path / "source", {"trees/one.txt": "One.\n"})
    with pytest.raises(DataError, match=r"There is no trees/two\.txt in .*, nor a file small\.parquet\."):
        official_texts(ARCHIVE, source)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x1f\x8b cut"])
def test_what_is_no_archive_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "small.zip"
    source.write_bytes(content)
    with pytest.raises(DataError, match="is cut or not the archive of small"):
        official_texts(ARCHIVE, source)


def test_what_is_missing_altogether_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is cut or not the archive of small"):
        official_texts(ARCHIVE, tmp_path / "nowhere")


class Web:
    """Stands for the network: gives files from a folder, and keeps what was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str | None, Path]] = []

    def fetch(self, url: str, checksum: str | None, folder: Path) -> Path:
        self.asked.append((url, checksum, folder))
        return self.folder / url.rpartition("/")[2]


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web(tmp_path)
    monkeypatch.setattr(files, "fetch", web.fetch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return web


def test_an_archive_is_fetched_once_and_its_files_are_verified(web: Web) -> None:
    published.write_zip(web.folder / "small.zip", TEXTS)
    assert official_texts(ARCHIVE, None) == TEXTS
    assert web.asked == [("https://example.org/small.zip", None, web.folder / "cache" / "sentiment-service" / "small")]
    published.write_zip(web.folder / "small.zip", {**TEXTS, "trees/one.txt": "Other."})
    with pytest.raises(DataError, match="is not the one that was published"):
        official_texts(ARCHIVE, None)


def test_loose_files_are_fetched_with_their_checksums(web: Web) -> None:
    published.write_folder(web.folder, {"a.tsv": "a", "b.tsv": "b"})
    assert official_texts(LOOSE, None) == {"a.tsv": "a", "b.tsv": "b"}
    assert [(url, checksum) for url, checksum, _ in web.asked] == list(
        zip(LOOSE.urls, LOOSE.sha256.values(), strict=True)
    )


def test_rows_have_the_columns_that_were_asked_for(tmp_path: Path) -> None:
    published.write_parquet(tmp_path / "rows.parquet", {"text": ["a", "b"], "label": [1, 0], "more": [0.5, 0.5]})
    assert parquet_rows(tmp_path / "rows.parquet", ["label", "text"]) == [
        {"label": 1, "text": "a"},
        {"label": 0, "text": "b"},
    ]


def test_rows_without_a_column_or_with_gaps_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    published.write_parquet(path, {"text": ["a", None]})
    with pytest.raises(DataError, match="has rows without text"):
        parquet_rows(path, ["text"])
    with pytest.raises(DataError, match="is not a Parquet file of text, label"):
        parquet_rows(path, ["text", "label"])
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is not a Parquet file of text"):
        parquet_rows(path, ["text"])
