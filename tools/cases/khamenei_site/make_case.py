"""Writes the bundled case: `python -m tools.cases.khamenei_site.make_case`. The same files every time."""

import csv
import io
from typing import Final

from streams.cases import KHAMENEI_SITE
from streams.core.rosters.roster_file import COLUMNS, OPTIONAL_COLUMNS
from streams.events import encode_event
from tools.cases.khamenei_site.cast import LEADER_SITE, OFFICIALS, SUBJECT
from tools.cases.khamenei_site.chronicle import Chronicle
from tools.cases.khamenei_site.crowd import add_crowd, add_offices, add_targets
from tools.cases.khamenei_site.history import SUSPENDED_AT, add_aftermath, add_history, add_leader_posts
from tools.cases.khamenei_site.near_misses import NEAR_MISSES, add_near_misses
from tools.cases.khamenei_site.vanishing import add_vanishing

__all__ = ["make_events", "make_roster"]

_SEED: Final = 20210121  # the day of the suspension


def make_events() -> bytes:
    """The events as NDJSON, in the order in which they were observed."""
    chronicle = Chronicle(_SEED)
    add_leader_posts(chronicle)
    add_history(chronicle)
    add_aftermath(chronicle)
    add_near_misses(chronicle)
    add_offices(chronicle)
    add_targets(chronicle)
    add_crowd(chronicle)
    add_vanishing(chronicle, SUBJECT, SUSPENDED_AT, OFFICIALS)
    for miss in NEAR_MISSES:
        if miss.suspended_at is not None:
            add_vanishing(chronicle, miss.persona, miss.suspended_at, OFFICIALS)
    return b"".join(encode_event(event) + b"\n" for event in chronicle.events())


def make_roster() -> bytes:
    """The roster as CSV: 19 officials, one of them by handle alone, two of them from a day on, one site."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*COLUMNS, *OPTIONAL_COLUMNS))
    for official in OFFICIALS:
        account_id = official.id if official.id_on_roster else ""
        source = f"https://example.org/officials/{official.handle.lower()}"
        row = (account_id, official.handle, official.name, "IR", official.category, source, official.valid_from, "")
        writer.writerow(("twitter", *row, LEADER_SITE if official.category == "leader" else ""))
    return out.getvalue().encode()


if __name__ == "__main__":
    KHAMENEI_SITE.events.write_bytes(make_events())
    KHAMENEI_SITE.roster.write_bytes(make_roster())
