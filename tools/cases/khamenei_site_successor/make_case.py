"""Writes the second case: `python -m tools.cases.khamenei_site_successor.make_case`. The same files every time."""

import csv
import io
from typing import Final

from streams.cases import KHAMENEI_SITE_SUCCESSOR
from streams.core.rosters.roster_file import COLUMNS
from streams.events import encode_event
from tools.cases.khamenei_site.cast import OFFICIALS, SUBJECT
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.vanishing import add_vanishing
from tools.cases.khamenei_site_successor.cast import FOREIGN, SUCCESSOR
from tools.cases.khamenei_site_successor.history import FIRST_SUSPENDED_AT, SUCCESSOR_SUSPENDED_AT, add_all

__all__ = ["make_events", "make_roster"]

_SEED: Final = 20220115  # the day of the second suspension


def make_events() -> bytes:
    """The events as NDJSON, in the order in which they were observed."""
    chronicle = Chronicle(_SEED)
    add_all(chronicle)
    add_vanishing(chronicle, SUBJECT, FIRST_SUSPENDED_AT, OFFICIALS)
    add_vanishing(chronicle, SUCCESSOR, SUCCESSOR_SUSPENDED_AT, OFFICIALS)
    return b"".join(encode_event(event) + b"\n" for event in chronicle.events())


def make_roster() -> bytes:
    """The roster as CSV: the officials of the first case and three of another State."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for country, officials in (("IR", OFFICIALS), ("SY", FOREIGN)):
        for official in officials:
            writer.writerow(
                {
                    "platform": "twitter",
                    "account_id": official.id if official.id_on_roster else "",
                    "handle": official.handle,
                    "name": official.name,
                    "country": country,
                    "category": official.category,
                    "source_url": f"https://example.org/officials/{official.handle.lower()}",
                    "valid_from": official.valid_from,
                }
            )
    return out.getvalue().encode()


if __name__ == "__main__":
    KHAMENEI_SITE_SUCCESSOR.events.write_bytes(make_events())
    KHAMENEI_SITE_SUCCESSOR.roster.write_bytes(make_roster())
