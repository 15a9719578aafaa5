import gzip
import hashlib
import http.server
import lzma
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.manifest import sha256
from tests.training import dataset
from training.corpora import imdb
from training.corpora.imdb import DataError, Review, Reviews, Split, fetch, load

SPLITS: list[Split] = ["train", "test", "unsup"]

MOVIES = st.lists(st.integers(0, 12), min_size=2, max_size=60).filter(lambda movies: len(set(movies)) > 1)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place, files = tmp_path_factory.mktemp("imdb"), dataset.files()
    dataset.write_folder(place / "parent" / "aclImdb", files)
    return {
        "archive": dataset.write_archive(place / "aclImdb_v1.tar.gz", files),
        "archive with ./": dataset.write_archive(place / "dot.tar.gz", files, prefix="./aclImdb/"),
        "archive in another order": dataset.write_archive(place / "back.tar.gz", dict(reversed(files.items()))),
        "folder": place / "parent" / "aclImdb",
        "parent of the folder": place / "parent",
        "parquet": dataset.write_parquet(place / "parquet", dataset.CORPUS[::-1]),
    }


FORMS = ["archive", "archive with ./", "archive in another order", "folder", "parent of the folder", "parquet"]


def reviews_of(movies: list[int]) -> Reviews:
    return Reviews([Review(f"pos/{n}_7", f"tt{movie}", f"text {n}", n % 2) for n, movie in enumerate(movies)])


def refused(source: Path, split: Split = "train") -> str:
    with pytest.raises(DataError) as caught:
        load(split, source)
    sentence = str(caught.value)
    assert str(source) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_reviews_in_the_same_order(sources: dict[str, Path], form: str, split: Split) -> None:
    reviews = load(split, sources[form])
    assert reviews.rows == dataset.rows(split)
    assert reviews.texts == [row.text for row in dataset.rows(split)]
    assert reviews.movies == [row.movie for row in dataset.rows(split)]
    assert reviews.sha256 == Reviews(dataset.rows(split)).sha256


def test_labels_are_minus_one_where_there_are_none(sources: dict[str, Path]) -> None:
    assert Counter(load("unsup", sources["archive"]).labels.tolist()) == {-1: 12}
    assert Counter(load("train", sources["archive"]).labels.tolist()) == {0: 15, 1: 15}


@pytest.mark.parametrize("changed", [{"text": "Other."}, {"movie": "tt1"}, {"number": 77}, {"rating": 3}])
def test_the_checksum_tells_reviews_apart(changed: dict[str, Any]) -> None:
    first, *others = (review for review in dataset.CORPUS if review.split == "train")
    other = Reviews(dataset.rows("train", [replace(first, **changed), *others]))
    assert other.sha256 != Reviews(dataset.rows("train")).sha256


def test_the_checksum_keeps_fields_apart() -> None:
    assert Reviews([Review("a", "b", "c", 1)]).sha256 != Reviews([Review("a", "b", "c", 0)]).sha256
    assert Reviews([Review("a", "bc", "", 1)]).sha256 != Reviews([Review("ab", "c", "", 1)]).sha256


@given(MOVIES, st.sampled_from([0.05, 0.1, 0.3, 0.5]), st.integers(0, 2**32))
def test_no_movie_is_on_both_sides_of_a_split(movies: list[int], fraction: float, seed: int) -> None:
    reviews, largest = reviews_of(movies), max(Counter(movies).values())
    try:
        kept, held = reviews.split_by_movie(fraction, seed)
    except DataError:
        assert fraction * len(movies) + largest > len(movies)
        return
    assert not {row.movie for row in kept.rows} & {row.movie for row in held.rows}
    assert sorted([*kept.rows, *held.rows]) == sorted(reviews.rows)
    assert [*kept.rows] == [row for row in reviews.rows if row in kept.rows]
    assert fraction * len(movies) <= len(held) < fraction * len(movies) + largest
    assert (kept.rows, held.rows) == tuple(side.rows for side in reviews.split_by_movie(fraction, seed))


def test_the_movies_held_out_are_the_same_everywhere() -> None:
    assert reviews_of(list(range(20))).split_by_movie(0.2, 0)[1].movies == ["tt9", "tt10", "tt12", "tt14"]


def test_another_seed_holds_out_other_movies() -> None:
    reviews = reviews_of(list(range(100)))
    assert reviews.split_by_movie(0.1, 0)[1].movies != reviews.split_by_movie(0.1, 1)[1].movies


@pytest.mark.parametrize("movies", [[], [7], [7, 7, 7]])
def test_reviews_of_one_movie_are_not_split(movies: list[int]) -> None:
    with pytest.raises(DataError, match="too few"):
        reviews_of(movies).split_by_movie(0.1, 0)


@given(st.integers(20, 50), st.integers(0, 2**32))
def test_a_sample_is_of_different_reviews_in_their_order(size: int, seed: int) -> None:
    reviews = reviews_of(list(range(40)))
    sample = reviews.sample(size, seed)
    numbers = [int(row.movie[2:]) for row in sample.rows]
    assert len(set(numbers)) == len(sample) == min(size, 40)
    assert numbers == sorted(numbers)
    assert reviews.sample(size, seed).rows == sample.rows


def test_a_sample_of_one_label_is_refused() -> None:
    with pytest.raises(DataError, match="A sample of 1 reviews"):
        reviews_of([1, 2, 3]).sample(1, seed=0)
    unlabelled = Reviews([row._replace(label=-1) for row in reviews_of([1, 2, 3]).rows])
    assert len(unlabelled.sample(1, seed=0)) == 1


@pytest.mark.parametrize("split", SPLITS)
def test_the_stars_are_the_rating_of_the_file(sources: dict[str, Path], split: Split) -> None:
    written = {review.row.id: review.rating for review in dataset.CORPUS if review.split == split}
    assert {row.id: row.stars for row in load(split, sources["archive"]).rows} == written


@pytest.mark.parametrize("name", ["pos/0", "pos/0_", "pos/0_\u00b2", "7"])
def test_an_id_without_a_rating_has_no_stars(name: str) -> None:
    with pytest.raises(DataError, match=f"{name} of a review does not end with its rating"):
        _ = Review(name, "tt1", "text", 1).stars


def test_reviews_without_a_rating_are_found_beforehand() -> None:
    Reviews(dataset.rows("test")).require_ratings()
    rows = [*dataset.rows("test"), Review("pos/12", "tt1", "Lovely.", 1)]
    with pytest.raises(DataError, match="The id pos/12 of a review does not end with its rating"):
        Reviews(rows).require_ratings()


def test_reviews_have_the_name_of_their_source_unless_they_are_the_published_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = dataset.write_parquet(tmp_path / "shop")
    found = load("train", source)
    assert found.corpus == "the reviews in shop"
    monkeypatch.setattr(imdb, "REVIEWS_SHA256", {found.sha256})
    assert load("train", source).corpus == imdb.NAME
    assert load("test", source).corpus == "the reviews in shop"
    kept, held = load("train", source).split_by_movie(0.5, 1)
    for part in (kept, held, load("train", source).sample(20, seed=1)):
        assert part.corpus == imdb.NAME


def test_the_real_reviews_are_the_published_ones(real_data: Path) -> None:
    assert {load(split, real_data).corpus for split in SPLITS} == {imdb.NAME}


def test_taking_keeps_the_order_asked_for() -> None:
    assert reviews_of([5, 6, 7]).take(np.array([2, 0])).movies == ["tt7", "tt5"]


# What cannot be read is refused in one sentence.


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    assert "no folder or archive" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("<html>404</html>"),
        lambda path: path.write_bytes(gzip.compress(b"not a tar" * 1000)),
        lambda path: dataset.write_archive(path, dataset.files(), compress=bytes),
        lambda path: dataset.write_archive(path, dataset.files(), compress=lzma.compress),
    ],
    ids=["empty", "page", "gzip of something else", "tar that is not compressed", "xz"],
)
def test_a_wrong_archive_is_refused(tmp_path: Path, write: Callable[[Path], object]) -> None:
    write(tmp_path / "file")
    assert "cut or not the archive" in refused(tmp_path / "file")


@given(st.data())
def test_an_archive_cut_anywhere_is_refused(sources: dict[str, Path], data: st.DataObject) -> None:
    whole = sources["archive"].read_bytes()
    path = sources["archive"].with_name("cut.tar.gz")
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert "cut or not the archive" in refused(path)


@pytest.mark.parametrize("place", range(100, 1500, 200))
@pytest.mark.parametrize("scratch", [b"\xff" * 8, b"\x00" * 8], ids=["ones", "zeros"])
def test_a_scratched_archive_is_refused(sources: dict[str, Path], place: int, scratch: bytes) -> None:
    whole = sources["archive"].read_bytes()
    path = sources["archive"].with_name("scratched.tar.gz")
    path.write_bytes(whole[:place] + scratch + whole[place + len(scratch) :])
    assert "cut or not the archive" in refused(path)


@given(st.data())
def test_an_archive_with_a_wrong_bit_never_gives_other_reviews(sources: dict[str, Path], data: st.DataObject) -> None:
    damaged = bytearray(sources["archive"].read_bytes())
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    path = sources["archive"].with_name("damaged.tar.gz")
    path.write_bytes(damaged)
    with suppress(DataError):
        assert load("train", path).rows == dataset.rows("train")


@pytest.mark.parametrize("kind", ["neg", "pos", "unsup"])
def test_a_missing_folder_of_a_split_is_refused(tmp_path: Path, kind: str) -> None:
    files = {name: content for name, content in dataset.files().items() if f"train/{kind}/" not in name}
    dataset.write_folder(tmp_path, files)
    sentence = refused(tmp_path, "unsup" if kind == "unsup" else "train")
    assert str(tmp_path / "train" / kind) in sentence


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_missing_list_of_titles_is_refused(tmp_path: Path, form: str) -> None:
    files = dataset.files()
    del files["train/urls_pos.txt"]
    source = dataset.write_folder(tmp_path / "data", files)
    if form == "archive":
        source = dataset.write_archive(tmp_path / "data.tar.gz", files)
    assert "train/urls_pos.txt" in refused(source)
    assert len(load("test", source)) == 18


@pytest.mark.parametrize(
    "changed",
    [
        {"train/pos/15_8.txt": b"One review more than titles."},
        {"train/pos/-1_8.txt": b"Not a number."},
        {"train/pos/\u00b2_8.txt": b"A digit, but not a number."},
        {"train/pos/notes.txt": b"Not a review."},
        {"train/urls_pos.txt": b"http://www.imdb.com/nothing\n" * 15},
    ],
    ids=["beyond", "negative", "superscript", "notes", "no title"],
)
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_review_of_no_known_movie_is_refused(tmp_path: Path, form: str, changed: dict[str, bytes]) -> None:
    files = dataset.files() | changed
    source = dataset.write_folder(tmp_path / "data", files)
    if form == "archive":
        source = dataset.write_archive(tmp_path / "data.tar.gz", files)
    assert "of no known movie" in refused(source)


def test_a_line_without_a_title_does_not_shift_the_others(tmp_path: Path) -> None:
    files = dataset.files()
    titles = files["train/urls_pos.txt"].splitlines(keepends=True)
    del files["train/pos/0_9.txt"]
    files["train/urls_pos.txt"] = b"".join([b"\n", *titles[1:]])
    reviews = load("train", dataset.write_folder(tmp_path, files))
    assert reviews.rows == [row for row in dataset.rows("train") if row.id != "pos/0_9"]


@pytest.mark.parametrize("form", ["archive", "folder", "parquet"])
def test_an_empty_split_is_refused(tmp_path: Path, form: str) -> None:
    corpus = [review for review in dataset.CORPUS if review.split != "test"]
    files = dataset.files(corpus) | {"test/urls_neg.txt": b"", "test/urls_pos.txt": b""}
    source = tmp_path / form
    if form == "archive":
        dataset.write_archive(source, files)
    elif form == "folder":
        dataset.write_folder(source, files)
        for kind in ("neg", "pos"):
            (source / "test" / kind).mkdir()
    else:
        dataset.write_parquet(source, corpus)
    assert "no test reviews" in refused(source, "test")
    assert len(load("train", source)) == 30


@pytest.mark.parametrize("form", ["archive", "folder", "parquet"])
def test_a_split_of_one_label_is_refused(tmp_path: Path, form: str) -> None:
    corpus = [review for review in dataset.CORPUS if review.folder != "train/pos"]
    source = tmp_path / form
    if form == "archive":
        dataset.write_archive(source, dataset.files(corpus))
    elif form == "folder":
        dataset.write_folder(source, dataset.files(corpus) | {"train/urls_pos.txt": b""})
        (source / "train" / "pos").mkdir()
    else:
        dataset.write_parquet(source, corpus)
    assert "both labels" in refused(source)


@pytest.mark.parametrize("form", ["archive", "folder"])
@pytest.mark.parametrize("name", ["train/neg/3_2.txt", "train/urls_neg.txt"])
def test_a_text_that_is_not_utf8_is_refused(tmp_path: Path, form: str, name: str) -> None:
    files = dataset.files() | {name: "Café".encode("latin-1")}
    if form == "archive":
        refused(dataset.write_archive(tmp_path / "data.tar.gz", files))
    else:
        dataset.write_folder(tmp_path, files)
        assert str(tmp_path / name) in refused(tmp_path)


def _columns() -> dict[str, Any]:
    table = dataset.rows("train")
    return {
        "id": [row.id for row in table],
        "movie": [row.movie for row in table],
        "text": [row.text for row in table],
        "label": [row.label for row in table],
    }


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    path.write_bytes(b"PAR1 but not really")
    assert f"{path} is not a Parquet file of reviews" in refused(tmp_path)


@pytest.mark.parametrize("column", ["id", "movie", "text", "label"])
def test_a_parquet_file_without_a_column_is_refused(tmp_path: Path, column: str) -> None:
    columns = _columns()
    del columns[column]
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    assert ("label" if column == "label" else f'"{column}"') in refused(tmp_path)


def _invalid_texts() -> pa.Array:
    texts = pa.array([b"Caf\xe9"] * 30, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(texts), texts.buffers())


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("text", pa.array([b"Caf\xe9"] * 30, pa.binary())),
        ("text", _invalid_texts()),
        ("text", [None] + ["text"] * 29),
        ("movie", [None] * 30),
        ("text", [["a", "list"]] * 30),
        ("label", [None] + [0, 1] * 14 + [0]),
        ("label", [1, 2] * 15),
        ("label", ["neg", "pos"] * 15),
        ("label", [0.5, 1.0] * 15),
        ("label", [1000, 0] * 15),
    ],
    ids=["latin-1", "latin-1 as text", "no text", "no movie", "lists", "no label", "1 2", "words", "halves", "big"],
)
def test_a_parquet_file_of_other_values_is_refused(tmp_path: Path, column: str, values: Any) -> None:
    pq.write_table(pa.table(_columns() | {column: values}), tmp_path / "train.parquet")
    refused(tmp_path)


@pytest.mark.parametrize("text", [pa.binary(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_parquet_file_may_store_its_values_in_other_types(tmp_path: Path, text: pa.DataType) -> None:
    columns = _columns()
    columns["text"] = pa.array(columns["text"], pa.string()).cast(text)
    columns["label"] = [bool(label) for label in columns["label"]]
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    assert load("train", tmp_path).rows == dataset.rows("train")


# Downloading, from a server of our own.


class Site(http.server.ThreadingHTTPServer):
    """Sends `content` in different ways, and notes what was asked for."""

    daemon_threads = False
    content = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.encodings: set[str | None] = set()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}/aclImdb_v1.tar.gz"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        how = self.path.split("/")[1]
        self.server.requests.append(how)
        self.server.encodings.add(self.headers["Accept-Encoding"])
        if how == "missing":
            self.send_error(404)
            return
        if how == "moved":
            self.send_response(302)
            self.send_header("Location", self.server.url("whole"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if how == "encoded":
            self.send_header("Content-Encoding", "gzip")
        if how != "unsized":
            self.send_header("Content-Length", str(len(self.server.content) + (how == "cut")))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def site(sources: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Site() as server:
        server.content = sources["archive"].read_bytes()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("how", ["whole", "unsized", "encoded", "moved"])
def test_the_archive_is_downloaded_once(
    site: Site, sources: dict[str, Path], tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checksum = sha256(sources["archive"])
    path = fetch(site.url(how), checksum, tmp_path / "cache")
    assert path == tmp_path / "cache" / "aclImdb_v1.tar.gz"
    assert path.read_bytes() == site.content
    assert "aclImdb_v1" in capsys.readouterr().err
    assert site.encodings == {"identity"}
    asked = list(site.requests)
    assert fetch(site.url(how), checksum, tmp_path / "cache") == path
    assert site.requests == asked
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_archive_of_unknown_checksum_is_fetched(site: Site, tmp_path: Path) -> None:
    assert fetch(site.url("whole"), None, tmp_path / "cache").read_bytes() == site.content


@pytest.mark.parametrize(
    ("how", "reason"),
    [("whole", "did not send the official archive"), ("cut", "could not be downloaded"), ("missing", "404")],
)
def test_a_download_that_fails_leaves_nothing_behind(site: Site, tmp_path: Path, how: str, reason: str) -> None:
    checksum = imdb.ARCHIVE_SHA256 if how == "whole" else sha256_of(site.content)
    with pytest.raises(DataError, match=reason) as caught:
        fetch(site.url(how), checksum, tmp_path / "cache")
    assert str(caught.value).startswith(site.url(how))
    assert site.requests == [how]
    assert list((tmp_path / "cache").iterdir()) == []


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_server_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/aclImdb_v1.tar.gz"
        with pytest.raises(DataError, match="could not be downloaded") as caught:
            fetch(url, "0" * 64, tmp_path / "cache")
    assert url in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(DataError, match=str(tmp_path / "cache")):
        fetch(site.url("whole"), "0" * 64, tmp_path / "cache")
    assert (tmp_path / "cache").read_text() == "a file, not a folder"


def test_by_default_the_cached_archive_is_read(
    sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = imdb.cache_folder() / "aclImdb_v1.tar.gz"
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir()
    path.write_bytes(sources["archive"].read_bytes())
    assert load("test").rows == dataset.rows("test")


@pytest.mark.parametrize("unset", [None, ""])
def test_the_cache_is_under_the_home_folder_by_default(unset: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    if unset is None:
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
    assert imdb.cache_folder() == Path("/somewhere/.cache/sentiment-service")
