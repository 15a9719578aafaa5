from typing import Final

import numpy as np
import pytest
from scipy.special import expit

from app.sentiment.padding import pad_sequences
from tests.training.sentiment.distillation import tiny
from training.sentiment.distillation import inference
from training.sentiment.distillation.corpus import START_ID, Ids
from training.sentiment.distillation.network import Network

VOCABULARY: Final = 12
MAXLEN: Final = 9


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny.network(VOCABULARY)


def texts(size: int) -> list[Ids]:
    """Texts of 0 ids to twice as many as are read."""
    random = np.random.default_rng(6)
    return [random.integers(2, VOCABULARY, length, np.int32) for length in random.integers(0, 2 * MAXLEN, size)]


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize("part", [7, 4096])
def test_they_are_those_of_the_model_to_serve(network: Network, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_PART", part)
    asked = texts(50)
    assert {0, MAXLEN - 1, MAXLEN, MAXLEN + 1} <= {len(ids) for ids in asked}
    padded = pad_sequences([[START_ID, *ids.tolist()] for ids in asked], MAXLEN)
    expected = network.serving_model(MAXLEN).predict(padded, verbose=0)[:, 0]
    found = inference.predict(network, asked, MAXLEN)
    assert found.shape == (50,)
    assert found.dtype == np.float64
    assert expected.std() > 0.05
    np.testing.assert_allclose(expit(found), expected, atol=1e-5)


def test_a_long_text_loses_its_beginning(network: Network) -> None:
    long = max(texts(50), key=len)
    assert len(long) > MAXLEN + 1
    whole, end, beginning = inference.predict(network, [long, long[-MAXLEN:], long[:MAXLEN]], MAXLEN)
    assert whole == pytest.approx(end, abs=1e-6)
    assert whole != pytest.approx(beginning, abs=1e-3)


def test_to_no_texts_there_are_no_answers(network: Network) -> None:
    assert inference.predict(network, [], MAXLEN).shape == (0,)
