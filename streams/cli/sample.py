"""`antiphon sample`: made-up events of this moment, and the roster that fits them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import click
from rich.text import Text

from streams.cases.sample import FEWEST, SAMPLE_ROSTER, sample_events
from streams.cli.options import settings_options
from streams.cli.record_reading import parse_when
from streams.cli.stopping import ended_by_ctrl_c, stopped_in_order
from streams.cli.terminal import counted, progress, stderr
from streams.core.clock import from_us
from streams.events import Event, encode_event
from streams.jobs.sampling import at_their_time, require_sample_roster, send_events
from streams.settings import Settings

__all__ = ["sample"]

_SPAN = timedelta(minutes=10)


@click.command()
@settings_options()
@click.option("--roster", "only_roster", is_flag=True, help="Print the roster of the sample (CSV), and nothing else.")
@click.option("--send", is_flag=True, help="Write to the raw topics of the broker instead of standard output.")
@click.option("--count", type=click.IntRange(FEWEST, 10_000_000), default=1_000, show_default=True, help="So many.")
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 10_000),
    help="So many a second, each dated when it is written. [all at once, of the last ten minutes]",
)
@click.option("--seed", type=click.IntRange(0, 2**32), default=1, show_default=True, help="Another one, another story.")
@click.option("--at", metavar="WHEN", help="The time of the last event (with --rate of the first). [now]")
def sample(
    settings: Settings,
    only_roster: bool,
    send: bool,
    count: int,
    rate: float | None,
    seed: int,
    at: str | None,
) -> None:
    """Make up events that happen now, to try a deployment with: canonical events, one JSON object a line.

    Ten officials of Antarctica, which has no government, on the platform `sample`. Among ordinary posts they amplify a
    new account, which becomes an alert of new-account-burst and then critical, and an account that is suspended
    (amplified-then-suspended). The same --seed, --count, --rate and --at make the same bytes; at another time it is the
    story of other accounts.

    The roster of the sample takes the place of the one in force: publish your own when you are done, or use a
    --topic-prefix.

    \b
    Examples:
      antiphon sample --roster > sample.csv && antiphon roster publish sample.csv
      antiphon sample --send
      antiphon sample --send --rate 20
      antiphon sample --count 100000 > events.ndjson
    """
    if only_roster:
        sys.stdout.write(SAMPLE_ROSTER)
        return
    moment = parse_when(at, "--at") or from_us(time.time_ns() // 1_000)
    last = moment if rate is None else moment + timedelta(seconds=(count - 1) / rate)
    events = sample_events(seed, count, last - _SPAN if rate is None else moment, last)
    with stopped_in_order(), ended_by_ctrl_c(rate is not None):
        if send:
            sent = asyncio.run(_send(settings, at_their_time(events)))
            stderr().print(Text(f"{counted(sent, 'event')} sent. `antiphon alerts --firing` lists what fires by now."))
        elif rate is None:
            for event in events:
                sys.stdout.buffer.write(encode_event(event) + b"\n")
        else:
            asyncio.run(_write(at_their_time(events)))


async def _send(settings: Settings, events: AsyncIterator[Event]) -> int:
    await require_sample_roster(settings)
    with progress("sending") as done:
        return await send_events(settings, events, done)


async def _write(events: AsyncIterator[Event]) -> None:
    async for event in events:
        sys.stdout.buffer.write(encode_event(event) + b"\n")
        sys.stdout.buffer.flush()
