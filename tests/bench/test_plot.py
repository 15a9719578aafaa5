from typing import Any

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bench import plot
from bench.figures import Table


def test_the_service_is_drawn_in_its_own_colour_and_on_top() -> None:
    axis: Any = Figure().subplots()
    plot._bars(axis, Table("ms", {"12 words": {"service": 1.0, "peer": 3.0, "other": 2.0}}), "12 words")
    names = [label.get_text() for label in axis.get_yticklabels()]
    drawn = {
        name: (bar.get_width(), to_hex(bar.get_facecolor())) for name, bar in zip(names, axis.patches, strict=True)
    }
    assert drawn == {"service": (1, plot.OURS), "peer": (3, plot.OTHERS), "other": (2, plot.OTHERS)}
    assert names[-1] == "service"  # Matplotlib draws the last one at the top.
