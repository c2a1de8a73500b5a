"""The figure of Jetstream in words and a table."""

from typing import Final

from bench.figures.live import LiveFigure, LiveRow
from bench.figures.webhook import WebhookLatency

__all__ = ["live_parts"]

_ABOUT: Final = (
    "Frames of a thousand officials (posts, reposts, deletions, follows) from a server on another core, from the "
    "socket to canonical events; one process, one core, the best of several runs. The row with Kafka ends with the "
    "acknowledgement of the transaction that holds the events and the cursor."
)


def live_parts(figure: LiveFigure) -> list[str]:
    """What was measured, a row for each reader, and what that means for a backlog."""
    head = "| read | frames | a processor second | a second | target |\n|---|---:|---:|---:|---|"
    parts = [_ABOUT, "\n".join([head, *map(_row, figure.rows)])]
    peers = [row for row in figure.rows if row.who.startswith("atproto")]
    if peers:
        ratio = figure.rows[0].per_cpu_second / peers[0].per_cpu_second
        parts.append(f"Antiphon reads {ratio:.1f} times as many frames a core as the atproto SDK; target 2.5.")
    if figure.without_sdk:
        parts.append("The atproto SDK was not installed (`pip install atproto`) and is left out.")
    parts.append(_hour(figure))
    parts += [] if figure.webhook is None else _webhook(figure.webhook)
    return parts


def _hour(figure: LiveFigure) -> str:
    verdict = "met" if figure.hour_seconds < 60 else "**missed**"
    if not figure.hour_frames or figure.hour_in_kafka_seconds is None:
        return (
            f"At that rate an hour of the whole network (1.7 million events) is read in {figure.hour_seconds:.0f} s, "
            f"projected; target less than 60 s: {verdict}."
        )
    return (
        f"An hour of the whole network, {figure.hour_frames:,} frames in one connection, was read in "
        f"{figure.hour_seconds:.0f} s (target less than 60 s: {verdict}), and was in Kafka after "
        f"{figure.hour_in_kafka_seconds:.0f} s."
    )


def _webhook(latency: WebhookLatency) -> list[str]:
    verdict = "met" if latency.p99 < 2 else "**missed**"
    words = (
        f"From a frame to the webhook behind Alertmanager, {latency.samples} alerts: p50 {latency.p50:.2f} s, p99 "
        f"{latency.p99:.2f} s (target less than 2 s: {verdict}), at most {latency.most:.2f} s. Of Alertmanager's part, "
        f"{latency.group_wait} are the `group_wait` of the project's configuration."
    )
    rows = [f"| {stage.who} | {stage.p50:.3f} s | {stage.p99:.3f} s |" for stage in latency.stages]
    return [words, "\n".join(["| part of the way | p50 | p99 |\n|---|---:|---:|", *rows])] if rows else [words]


def _row(row: LiveRow) -> str:
    reached = row.per_second if row.of_wall else row.per_cpu_second
    verdict = "met" if row.target is None or reached >= row.target else "**missed**"
    target = "" if row.target is None else f"at least {row.target:,.0f}: {verdict}"
    return f"| {row.who} | {row.frames:,} | {row.per_cpu_second:,.0f} | {row.per_second:,.0f} | {target} |"
