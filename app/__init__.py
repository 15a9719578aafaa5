"""The service: text in, sentiment out, over HTTP and on the command line."""

import os
from typing import Final

__version__: Final = "2.1.0"

# ONNX Runtime reports its use to its maker unless it is told not to before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
