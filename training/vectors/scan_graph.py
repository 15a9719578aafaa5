"""The graph that reads the int8 copy of a vector space: ``python -m training.vectors.scan_graph`` writes it."""

from typing import Final

import onnx
from onnx import TensorProto, helper

from app.vectors.cosine_index import GRAPH

OPSET: Final = 17
IR_VERSION: Final = 9


def build() -> onnx.ModelProto:
    """Build the graph: the inputs ``query`` (1, d) uint8 and ``rows`` (d, n) int8, the output ``scores`` (1, n) int32.

    The matrix is an input, so that the memory it lies in is used as it is; as a constant it would be copied.
    """
    query = helper.make_tensor_value_info("query", TensorProto.UINT8, [1, "d"])
    rows = helper.make_tensor_value_info("rows", TensorProto.INT8, ["d", "n"])
    scores = helper.make_tensor_value_info("scores", TensorProto.INT32, [1, "n"])
    node = helper.make_node("MatMulInteger", ["query", "rows"], ["scores"])
    graph = helper.make_graph([node], "scan", [query, rows], [scores])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


if __name__ == "__main__":
    onnx.save(build(), GRAPH)
