import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.sentiment.padding import pad_sequences
from app.sentiment.side import Side

SIDES = st.sampled_from(["pre", "post"])


@given(
    st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), min_size=1, max_size=6),
    st.none() | st.integers(1, 8),
    SIDES,
    SIDES,
    st.integers(-5, 5),
)
def test_padding_is_that_of_keras(
    sequences: list[list[int]], maxlen: int | None, padding: Side, truncating: Side, value: int
) -> None:
    padded = pad_sequences(sequences, maxlen, padding=padding, truncating=truncating, value=value)
    expected = keras.utils.pad_sequences(
        sequences, maxlen, padding=padding, truncating=truncating, value=value, dtype="int32"
    )
    assert padded.dtype == np.int32
    assert padded.tolist() == expected.tolist()
    assert padded.shape == (len(sequences), maxlen or max(map(len, sequences), default=0))


def test_no_sequences_make_an_empty_rectangle() -> None:
    assert pad_sequences([], 5).shape == (0, 5)
    assert pad_sequences([]).shape == (0, 0)
