import pytest

from tests.training.sentiment.distillation import tiny
from training.sentiment.distillation.corpus import Corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return tiny.read()
