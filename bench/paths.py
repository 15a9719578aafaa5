"""Where things are."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository: all commands run from here, so that ``app`` and ``bench`` can be imported."""
MODEL: Final = ROOT / "models" / "sentiment-best"
"""The model that answers by default."""
LECTURE: Final = ROOT / "models" / "sentiment-lecture"
"""The model whose texts are split as Keras' own tokenizer splits them, so that the two can be compared."""
DATA: Final = ROOT.parent / "shared" / "imdb"
"""Folder of ``train.parquet`` and ``test.parquet``, where it is there."""
CORPORA: Final = ROOT.parent / "shared" / "corpora"
"""Folder of the other corpora, where it is there."""
OUTPUT: Final = ROOT / "bench"
PEERS: Final = ROOT / "bench" / "peers"
ENVIRONMENTS: Final = ROOT / "bench" / ".peers"
