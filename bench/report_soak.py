"""The soak in words and tables: its section of RESULTS.md."""

from typing import Final

from bench.figures.soak import Soak, SoakSample, Verdict, levels

__all__ = ["soak_parts"]

_SHOWN: Final = 12  # samples
_ABOUT: Final = (
    "Traffic: two suspensions of amplified accounts and two deletions of one State's officials a second, one event in "
    "twenty a suspension or profile of an account without engagement. Level is what is in the last quarter at most "
    "5 % above the quarter before; lag, where it is below five seconds of traffic. A record stays in the ledger for "
    "seven days of the clock at least, so in a shorter run no ledger can level off: it grows by what comes in. Steady "
    "is growth by no more in the last quarter than in the one before. What it levels off at is not measured here. "
    "States of accounts without engagement go after 30 days of event time, 7.5 minutes here; those of amplified "
    "accounts stay, two new ones a second and some of 20,000 others."
)
_NAMES: Final = {
    "resident_bytes": "resident memory",
    "core_share": "share of a core",
    "behind": "records behind",
    "states": "states of TRACK",
    "ledger_entries": "entries in the ledgers",
    "ledger_bytes": "ledger files",
}


def soak_parts(soak: Soak) -> list[str]:
    """The parts of the section, to be joined by empty lines."""
    found = levels(soak)
    verdicts = [
        f"| {title} | {_value(name, found[name][0])} | {_value(name, found[name][1])} | {_verdict(found[name][2])} |"
        for name, title in _NAMES.items()
    ]
    step = max(1, len(soak.samples) // _SHOWN)
    shown = [*soak.samples[::-1][::step]][::-1]
    about = (
        f"One worker, {soak.rate:,} events/s for {soak.minutes:,.1f} minutes ({soak.written:,} events, "
        f"{soak.event_days:,.0f} days of event time)."
    )
    return [
        about,
        "\n".join(["| | third quarter | last quarter | |", "|---|---:|---:|---|", *verdicts]),
        "\n".join(
            [
                "| minute | " + " | ".join(_NAMES.values()) + " |",
                "|---:" * (len(_NAMES) + 1) + "|",
                *(_row(sample) for sample in shown),
            ]
        ),
        _ABOUT,
    ]


def _row(sample: SoakSample) -> str:
    return "| " + " | ".join([f"{sample.seconds / 60:.1f}", *(_value(n, getattr(sample, n)) for n in _NAMES)]) + " |"


def _value(name: str, value: float) -> str:
    if name.endswith("bytes"):
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.0%}" if name == "core_share" else f"{value:,.0f}"


def _verdict(verdict: Verdict) -> str:
    return {"level": "level", "steady": "grows steadily", "grows": "**grows**"}[verdict]
