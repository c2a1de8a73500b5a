"""The orders to WATCH at the end of a correction, waited for until the ledger of each State is right."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.core.country_recounts import CountryOrder, country_recount, country_recount_open
from streams.core.recounts import encode_recount
from streams.jobs.drain import StalledError, wait_for_commits
from streams.jobs.orders import send_orders
from streams.kafka.corrections_topic import read_corrections
from streams.settings import Settings

__all__ = ["end_with_countries"]

_LOOK_SECONDS: Final = 1.0
_STALLED_SECONDS: Final = 180.0


async def end_with_countries(
    client: AIOKafkaProducer, settings: Settings, countries: Sequence[str], last: CountryOrder
) -> None:
    """Once WATCH knows what TRACK says of the subjects now, have the aftermaths of these States recounted, and wait
    for that. Raises `StalledError`.
    """
    behind = [country_recount_open(each, "", last.at_us) for each in countries]
    await wait_for_commits(settings, await send_orders(client, settings, behind), lambda _left: None)
    packed = encode_recount(last)
    await send_orders(client, settings, [country_recount(each, last, packed) for each in countries])
    left = set(countries)
    deadline = time.monotonic() + _STALLED_SECONDS
    while left:
        answered = {
            each.country
            for each in await read_corrections(settings)
            if each.correction == last.correction and each.about == "country"
        }
        if left & answered:
            left -= answered
            deadline = time.monotonic() + _STALLED_SECONDS
            continue
        if time.monotonic() > deadline:
            raise StalledError(
                f"the aftermaths of {min(left)} were not recounted for {_STALLED_SECONDS:.0f} s",
                remedy="see that workers of this version run, and repeat the command: it goes on where it was",
            )
        await asyncio.sleep(_LOOK_SECONDS)
        # A ledger counts some watches with each batch, and this is one.
        again = [country_recount_open(each, last.correction, last.at_us) for each in sorted(left)]
        await send_orders(client, settings, again)
