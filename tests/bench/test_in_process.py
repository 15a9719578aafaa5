from bench import in_process
from bench.in_process import FUNCTION, LENGTHS, ONNX, PREDICT, XLA


def test_onnx_is_measured_against_tensorflow_and_not_the_other_way_round() -> None:
    seconds = {ONNX: 0.0001, PREDICT: 0.04, FUNCTION: 0.02, XLA: 0.005}
    found = in_process._figures(dict.fromkeys(LENGTHS, seconds))
    figures = {figure.name: figure for figure in found}
    assert len(figures) == 3 * len(LENGTHS)
    for length in LENGTHS:
        assert round(figures[f"ONNX over {PREDICT}, {length} tokens"].value, 6) == 400
        assert round(figures[f"ONNX over {FUNCTION}, {length} tokens"].value, 6) == 200
        assert round(figures[f"ONNX over {XLA}, {length} tokens"].value, 6) == 50
    assert [figure.name for figure in found if figure.reached] == [
        f"ONNX over {PREDICT}, 12 tokens",
        f"ONNX over {FUNCTION}, 12 tokens",
    ]
