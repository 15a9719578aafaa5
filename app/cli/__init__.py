"""The commands of ``python -m app``."""

import os

# NumPy reads this when it is imported. Its matrices are small here: with threads of its own, an explanation takes three
# times as long on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
