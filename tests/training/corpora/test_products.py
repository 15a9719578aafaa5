from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.corpora import published
from training.corpora import products
from training.corpora.imdb import DataError
from training.corpora.products import Product, split_by_product

REVIEWS = [
    Product("books", "0123", 1.0, "Bad", "A bad <b> & long\n\nbook", 0),
    Product("books", "0124", 5.0, "", "Good", 1),
    Product("kitchen", "B1", 2.0, "Broke", "It broke.", 0),
]
_FORM = (
    "<review>\n<unique_id>\nx\n</unique_id>\n<asin>\n{product}\n</asin>\n<rating>\n{rating}\n</rating>\n"
    "<title>\n{title}\n</title>\n<review_text>\n{text}\n</review_text>\n</review>\n"
)


def files() -> dict[str, str]:
    texts = dict.fromkeys(products.OFFICIAL.sha256, "")
    for review in (*REVIEWS, REVIEWS[0]):
        folder = products._FOLDERS[review.domain]
        texts[f"sorted_data_acl/{folder}/{('negative', 'positive')[review.label]}.review"] += _FORM.format(
            **review._asdict()
        )
    return texts


def test_reviews_are_read_and_those_that_stand_twice_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "OFFICIAL", published.of(products.OFFICIAL, files()))
    assert products.load(published.write_folder(tmp_path, files())) == REVIEWS


def test_of_reviews_with_the_same_text_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = files()
    again = REVIEWS[0]._replace(rating=2.0, title="Worse")
    texts["sorted_data_acl/books/negative.review"] += _FORM.format(**again._asdict())
    monkeypatch.setattr(products, "OFFICIAL", published.of(products.OFFICIAL, texts))
    assert products.load(published.write_folder(tmp_path, texts)) == REVIEWS


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    columns = {name: [getattr(review, name) for review in REVIEWS[::-1]] for name in Product._fields}
    assert products.load(published.write_parquet(tmp_path / "products.parquet", columns)) == REVIEWS


def test_a_review_without_a_field_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {name: text.replace("<asin>\nB1\n</asin>\n", "") for name, text in files().items()}
    monkeypatch.setattr(products, "OFFICIAL", published.of(products.OFFICIAL, broken))
    with pytest.raises(DataError, match=r"kitchen_&_housewares/negative\.review has a review without asin"):
        products.load(published.write_folder(tmp_path, broken))


@given(st.lists(st.integers(0, 20), max_size=60), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 2**32))
def test_no_product_is_on_both_sides(numbers: list[int], fraction: float, seed: int) -> None:
    reviews = [Product("dvd", str(number), 5.0, "", f"text {place}", 1) for place, number in enumerate(numbers)]
    kept, held = split_by_product(reviews, fraction, seed)
    assert sorted([*kept, *held]) == sorted(reviews)
    assert not {review.product for review in kept} & {review.product for review in held}
    assert len({review.product for review in held}) == round(fraction * len(set(numbers)))
    assert (kept, held) == split_by_product(reviews, fraction, seed)
