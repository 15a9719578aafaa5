"""Entry point of ``python -m training``."""

import os
import sys

# Read when TensorFlow is imported: without it, progress drowns in notes on the build.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run() -> int:
    """Run a command and return its exit status; where the extra ``training`` is missing, 2 with a sentence."""
    try:
        from training.cli import main

        return main()
    except ModuleNotFoundError as error:
        package = (error.name or "app").partition(".")[0]
        if package in ("app", "training"):
            raise
        sys.stderr.write(
            f"error: {package} is not installed; training needs the extra `training`: run {sys.executable} "
            "-m pip install --constraint constraints.txt --editable '.[training]' in the checkout.\n"
        )
        return 2


if __name__ == "__main__":
    sys.exit(run())
