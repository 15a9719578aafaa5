"""All corpora of the recipe ``best``, and what of them is held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.corpora import edited_imdb, emotions, products, sst, written
from training.corpora.edited_imdb import Pair
from training.corpora.emotions import Comment
from training.corpora.files import checksum
from training.corpora.imdb import Reviews
from training.corpora.products import Product
from training.corpora.sst import Phrase
from training.corpora.written import Written
from training.sentiment.general.recipe import EDITED, EMOTIONS, PRODUCTS, TREEBANK, WRITTEN
from training.sentiment.recipes import SPLIT_SEED


@dataclass(frozen=True)
class FurtherCorpora:
    """What is learnt from beside the reviews of films, as it is published.

    Attributes:
        phrases: The Treebank's.
        pairs: Edited reviews.
        products: Reviews of products.
        comments: Comments with their emotions.
        written: Our own.
    """

    phrases: Sequence[Phrase]
    pairs: Sequence[Pair]
    products: Sequence[Product]
    comments: Sequence[Comment]
    written: Sequence[Written]

    @property
    def sha256(self) -> dict[str, str]:
        """A checksum of each corpus, the same from whatever source it was read."""
        parts = {TREEBANK: self.phrases, EDITED: self.pairs, PRODUCTS: self.products, EMOTIONS: self.comments}
        return {name: checksum(rows) for name, rows in {**parts, WRITTEN: self.written}.items()}


@dataclass(frozen=True)
class Split:
    """Texts on one side: to train on, or held out.

    Attributes:
        phrases: The Treebank's; held out, whole sentences only.
        pairs: Edited reviews.
        products: Reviews of products.
        comments: Comments with their emotions.
    """

    phrases: Sequence[Phrase]
    pairs: Sequence[Pair]
    products: Sequence[Product]
    comments: Sequence[Comment]


def load(reviews: Reviews, source: Path | None = None) -> FurtherCorpora:
    """Read all corpora but the reviews of films.

    Args:
        reviews: IMDb's train split, of which the edited reviews are.
        source: A folder with them as Parquet or as published. By default each is fetched from its official place.

    Raises:
        training.corpora.imdb.DataError: One is missing, or is not what it should be.
    """
    return FurtherCorpora(
        sst.load(source),
        edited_imdb.load(reviews, source),
        products.load(source),
        emotions.load(source),
        written.load(),
    )


def split(corpora: FurtherCorpora, held_out_movies: frozenset[str], held_out_products: float) -> tuple[Split, Split]:
    """Part what is trained on from what is held out.

    Args:
        corpora: All texts.
        held_out_movies: Edited reviews of these are in neither part: their originals are held out.
        held_out_products: Share of the products that is held out.

    Returns:
        The texts to train on, and those held out. What stands in both is not trained on.
    """
    sentences = [phrase for phrase in corpora.phrases if phrase.split == "dev" and phrase.whole]
    taken = {phrase.text for phrase in sentences}
    phrases = [phrase for phrase in corpora.phrases if phrase.split == "train" and phrase.text not in taken]
    held_out = [pair for pair in corpora.pairs if pair.split == "dev"]
    pairs = [pair for pair in corpora.pairs if pair.split == "train" and pair.movie not in held_out_movies]
    bought, other = products.split_by_product(corpora.products, held_out_products, SPLIT_SEED)
    dev = [comment for comment in corpora.comments if comment.split == "dev"]
    held_out_texts = {comment.text for comment in dev}
    comments = [
        comment for comment in corpora.comments if comment.split == "train" and comment.text not in held_out_texts
    ]
    return Split(phrases, pairs, bought, comments), Split(sentences, held_out, other, dev)
