"""Reviews of books, DVDs, electronics and kitchenware on Amazon: the Multi-Domain Sentiment Dataset 2.0.

Blitzer, Dredze and Pereira, *Biographies, Bollywood, Boom-boxes and Blenders: Domain Adaptation for Sentiment
Classification*, ACL 2007.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from training.corpora.files import Official, official_texts, parquet_rows
from training.corpora.imdb import DataError

_FOLDERS: Final = {"books": "books", "dvd": "dvd", "electronics": "electronics", "kitchen": "kitchen_&_housewares"}
OFFICIAL: Final = Official(
    "products",
    ["https://www.cs.jhu.edu/~mdredze/datasets/sentiment/domain_sentiment_data.tar.gz"],
    {
        "sorted_data_acl/books/negative.review": "562c58de7f739c9af2d62377ea2253ff73e89f69c84a332088f341cdb0e09660",
        "sorted_data_acl/books/positive.review": "24323836c9ce9601ac43b7ab45fff1ac9b82efda02f1269bf3e8cdc4b019a99a",
        "sorted_data_acl/dvd/negative.review": "de1b539d29dc7edfbabf0ca4b1bce4e296d486533f3730012e4b49e36e762fa3",
        "sorted_data_acl/dvd/positive.review": "fcf5207f79aa8af4910b5793c15fe90f25eb39501f9f4bdbd8f60a817224e28d",
        "sorted_data_acl/electronics/negative.review": (
            "571287120d63e289753231804f33169b2ec4348ca6d24fa0d781a3a08e6376ff"
        ),
        "sorted_data_acl/electronics/positive.review": (
            "98daefad1056ec8d98fe910bdb50ae282695b9c2b89c2bc1513b9d2203b38a11"
        ),
        "sorted_data_acl/kitchen_&_housewares/negative.review": (
            "0ad1fa1f4539b47933fcef01be674b1246d1dc01403197c1439004cbaf4b543e"
        ),
        "sorted_data_acl/kitchen_&_housewares/positive.review": (
            "90ebec2b5a6ac040e16836c32b8efbd92ce98804b916c6367f7ade3b8d536798"
        ),
    },
)
_COLUMNS: Final = ("domain", "product", "rating", "title", "text", "label")
_REVIEW: Final = re.compile(r"<review>\n(.*?)\n</review>", re.DOTALL)
_FIELDS: Final = ("asin", "rating", "title", "review_text")
_FIELD: Final = re.compile(rf"<(?P<name>{'|'.join(_FIELDS)})>\n(?P<text>.*?)\n?</(?P=name)>", re.DOTALL)


class Product(NamedTuple):
    """A review of a product.

    Attributes:
        domain: ``books``, ``dvd``, ``electronics`` or ``kitchen``.
        product: Amazon's number of the product.
        rating: Stars: 1, 2, 4 or 5.
        title: The review's title.
        text: The review.
        label: 1 if the rating is above 3, else 0.
    """

    domain: str
    product: str
    rating: float
    title: str
    text: str
    label: int


def load(source: Path | None = None) -> list[Product]:
    """Read the reviews, in the same order from whatever source; of those that stand twice, the first.

    Args:
        source: A folder with ``products.parquet`` or with ``sorted_data_acl``, or the archive. By default the official
            archive.

    Raises:
        DataError: The source is missing, or not this data set.
    """
    if source is not None and (path := source / f"{OFFICIAL.name}.parquet").is_file():
        return sorted(Product(**row) for row in parquet_rows(path, _COLUMNS))
    texts = official_texts(OFFICIAL, source)
    domains = {folder: domain for domain, folder in _FOLDERS.items()}
    found = [review for name, text in texts.items() for review in _reviews(domains[name.split("/")[-2]], text, name)]
    return sorted({(review.product, review.text): review for review in reversed(found)}.values())


def split_by_product(reviews: Sequence[Product], fraction: float, seed: int) -> tuple[list[Product], list[Product]]:
    """Hold out about ``fraction`` of the products, with all of their reviews.

    Args:
        reviews: The reviews.
        fraction: Share of the products, from 0 to 1.
        seed: Decides which.

    Returns:
        The reviews to train on, and those held out.
    """
    products = sorted({(review.domain, review.product) for review in reviews})
    order = np.random.default_rng(seed).permutation(len(products))
    held = {products[index] for index in order[: round(fraction * len(products))]}
    sides: tuple[list[Product], list[Product]] = ([], [])
    for review in reviews:
        sides[(review.domain, review.product) in held].append(review)
    return sides


def _reviews(domain: str, text: str, name: str) -> Iterator[Product]:
    """Read a file of reviews; it looks like XML, but nothing in it is escaped."""
    for match in _REVIEW.finditer(text):
        fields = {field["name"]: field["text"].strip() for field in _FIELD.finditer(match[1])}
        if len(fields) != len(_FIELDS):
            raise DataError(f"The file {name} has a review without {' or '.join(sorted({*_FIELDS} - {*fields}))}.")
        rating = float(fields["rating"])
        yield Product(domain, fields["asin"], rating, fields["title"], fields["review_text"], int(rating > 3))
