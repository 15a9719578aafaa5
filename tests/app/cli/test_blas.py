"""NumPy's own threads: none, as its matrices are small and the service has threads of its own."""

import os
import subprocess
import sys


def test_matrices_are_multiplied_in_one_thread() -> None:
    program = "import app.cli, os, sys; print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    for own, expected in (({}, "1 False"), ({"OPENBLAS_NUM_THREADS": "3"}, "3 False")):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**environment, **own}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected
