import pytest

from tests.training.best import tiny
from training.best.corpus import Corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return tiny.read()
