"""A race as a plot beside RESULTS.md: work for each second of processor time, and memory. Needs matplotlib.

Drawn so that it reads without colour: by position, by the shape of a mark, by hatching and by figures.
"""

from pathlib import Path
from typing import Final

from bench.implementations.packages import require_package
from bench.results import RaceRun
from bench.standings import OURS, Standing, standings

__all__ = ["draw_race"]

_INCHES_WIDE: Final = 9.0
_INCHES_EACH: Final = 0.36
_INCHES_AROUND: Final = 1.5
_MB: Final = 1_000_000
_DESCRIPTION: Final = (
    "Events for each second of processor time on a logarithmic scale, and peak memory, by implementation"
)
_MARKERS: Final = {
    "Antiphon": {"marker": "o", "markerfacecolor": "#1b4f72", "markeredgecolor": "black"},
    "does the job": {"marker": "s", "markerfacecolor": "#9aa5ae", "markeredgecolor": "black"},
    "decodes only": {"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black"},
}


def draw_race(run: RaceRun, path: Path) -> None:
    """Write the plot as SVG: equal runs give equal files. Raises `Unavailable` without matplotlib."""
    require_package("matplotlib")
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    found = sorted(standings(run.race), key=lambda standing: standing.events_per_cpu_second.median)
    names = [standing.implementation for standing in found]
    # Text stays text: small, searchable, and in the reader's own font.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "race", "hatch.linewidth": 0.6, "font.size": 9}):
        figure = Figure((_INCHES_WIDE, _INCHES_AROUND + _INCHES_EACH * len(found)), layout="constrained")
        speed, memory = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        for row, standing in enumerate(found):
            span = standing.events_per_cpu_second
            speed.errorbar(
                span.median,
                row,
                xerr=[[span.median - span.least], [span.most - span.median]],
                ecolor="black",
                capsize=3,
                markersize=8,
                **_marker(standing),
            )
            speed.annotate(
                f"{span.median / 1_000:,.0f}k",
                (span.most, row),
                xytext=(9, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
            memory.barh(row, standing.peak_rss_bytes / _MB, height=0.55, **_bar(standing))
            memory.annotate(
                f"{standing.peak_rss_bytes / _MB:,.0f}",
                (standing.peak_rss_bytes / _MB, row),
                xytext=(4, 0),
                textcoords="offset points",
                verticalalignment="center",
            )
        speed.set_xscale("log")
        speed.xaxis.set_major_formatter(lambda events, _position: f"{events / 1_000:,.0f}k")
        least = min(standing.events_per_cpu_second.least for standing in found)
        most = max(standing.events_per_cpu_second.most for standing in found)
        speed.set_xlim(least / 2, most * 2)
        memory.set_xlim(0, max(standing.peak_rss_bytes for standing in found) / _MB * 1.3)
        speed.set_yticks(range(len(found)), names)
        speed.set_xlabel("events per CPU second, log scale; median, least and most of the rounds")
        memory.set_xlabel("peak memory, MB")
        for axes in (speed, memory):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="x", color="#d9dee2", linewidth=0.6)
            axes.set_axisbelow(True)
        figure.legend(
            handles=[Line2D([], [], linestyle="", markersize=8, label=kind, **_MARKERS[kind]) for kind in _MARKERS],
            loc="outside upper left",
            ncols=len(_MARKERS),
            frameon=False,
        )
        metadata = {"Date": None, "Creator": None, "Title": "The race", "Description": _DESCRIPTION}
        figure.savefig(path, format="svg", metadata=metadata)


def _kind(standing: Standing) -> str:
    if standing.implementation == OURS:
        return "Antiphon"
    return "does the job" if standing.does_the_job else "decodes only"


def _marker(standing: Standing) -> dict[str, str]:
    return _MARKERS[_kind(standing)]


def _bar(standing: Standing) -> dict[str, str]:
    kind = _kind(standing)
    hatch = {"decodes only": "////"}.get(kind, "")
    return {"facecolor": _MARKERS[kind]["markerfacecolor"], "edgecolor": "black", "hatch": hatch}
