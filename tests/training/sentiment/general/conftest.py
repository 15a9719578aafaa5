import pytest

from tests.training.sentiment.general import tiny
from training.sentiment.distillation import corpus as film_corpus
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.general import texts
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.recipes import SPLIT_SEED


@pytest.fixture(scope="session")
def further() -> FurtherCorpora:
    return tiny.further(tiny.reviews())


@pytest.fixture(scope="session")
def films(further: FurtherCorpora) -> Corpus:
    """The reviews of films, as the recipe reads them."""
    return film_corpus.read(
        tiny.reviews(),
        tiny.unlabelled(),
        vocabulary_size=tiny.TINY_FILMS.vocabulary_size,
        validation=tiny.TINY_FILMS.validation,
        split_seed=SPLIT_SEED,
        left_out={pair.imdb_id for pair in further.pairs if pair.split == "dev"},
    )


@pytest.fixture
def few_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "JOINED", 60)
