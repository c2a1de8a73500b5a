"""Everything else, with many suspended accounts, in words and a table: its section of RESULTS.md."""

from typing import Final

from bench.figures.suspended import Suspended, SuspendedAt

__all__ = ["suspended_parts"]

_ABOUT: Final = (
    "From the sending of the retweet that makes `new-account-burst` fire until a consumer of `alerts` has the alert, "
    "for accounts that are not suspended. One worker with default settings, one run: first few accounts of one State "
    "are suspended and watched, which is measured twice, then many. Meanwhile officials of that State post twice a "
    "second and delete what they posted, which concerns every open watch."
)


def suspended_parts(figure: Suspended) -> list[str]:
    """The parts of the section, to be joined by empty lines."""
    few, again, many = figure.at
    rows = [_row(at) for at in figure.at]
    ratio = many.p99 / max(few.p99, again.p99)
    noise = max(few.p99, again.p99) / min(few.p99, again.p99)
    compared = (
        f"p99 with {many.suspended:,} is {ratio:.2f} × the longer one of the two with {few.suspended:,}, which are "
        f"{noise:.2f} × apart; p50 is {many.p50 / max(few.p50, again.p50):.2f} ×."
    )
    return [
        _ABOUT,
        "\n".join(
            [
                "| suspended | samples | p50 | p90 | p99 | longest | share of a core | deletions |",
                "|---:|---:|---:|---:|---:|---:|---:|---:|",
                *rows,
            ]
        ),
        compared,
    ]


def _row(at: SuspendedAt) -> str:
    times = " | ".join(f"{value * 1_000:,.0f} ms" for value in (at.p50, at.p90, at.p99, at.most))
    return f"| {at.suspended:,} | {at.samples:,} | {times} | {at.worker_share:.0%} | {at.deletions:,} |"
