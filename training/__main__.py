"""Entry point of ``python -m training``."""

import os
import sys

# Read when TensorFlow is imported: without it, progress drowns in notes on the build.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if __name__ == "__main__":
    from training.cli import main

    sys.exit(main())
