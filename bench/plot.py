"""The plot: what each contender took, the service in its own colour."""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from bench.figures import Table, number
from bench.report import PLOT, Report

OURS: Final = "#1d6fa5"
OTHERS: Final = "#b8bec4"
TABLES: Final = ("in-process", "http", "throughput", "tokenizer", "vectors")
"""Sections whose first table is drawn."""
WIDE: Final = 20
"""Ratio of the longest bar to the shortest from which on the scale is logarithmic."""


def draw(report: Report, folder: Path) -> None:
    """Draw the cases of each section's first table as bars, one panel a case; on a logarithmic scale where need be."""
    tables = [report.entries[name].result.tables[0] for name in TABLES if name in report.entries]
    panels = [(table, case) for table in tables for case in table.rows]
    if not panels:
        return
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(5.2 * columns, 2.3 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = list(grid.flat)
    for (table, case), axis in zip(panels, axes, strict=False):
        _bars(axis, table, case)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    figure.savefig(folder / PLOT, dpi=110)


def _bars(axis: Any, table: Table, case: str) -> None:
    names = list(reversed(table.contenders))
    values = [table.rows[case][name] for name in names]
    colors = [OURS if name == table.contenders[0] else OTHERS for name in names]
    bars = axis.barh(names, values, color=colors)
    axis.bar_label(bars, [number(value) for value in values], padding=3, fontsize=8)
    if max(values) > WIDE * min(values):
        axis.set_xscale("log")
        axis.set_xlim(min(values) / 3, max(values) * 8)
    else:
        axis.set_xlim(0, max(values) * 1.3)
    axis.set_xticks([], minor=False)
    axis.set_xticks([], minor=True)
    scale = " (log)" if axis.get_xscale() == "log" else ""
    axis.set_title(f"{table.title}, {case}{scale}", fontsize=9, loc="left")
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right", "bottom"]].set_visible(False)
