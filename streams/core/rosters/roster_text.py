"""Writes a roster as CSV, so that reading it gives the same roster with the same digest."""

import csv
from io import StringIO
from typing import Final

from streams.core.clock import from_us
from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_row import COLUMNS

__all__ = ["roster_text"]

_DOMAINS: Final = "domains"


def roster_text(roster: Roster) -> bytes:
    """The file, with line feeds; the column `domains` is there if any entry has one. Terms are written as times."""
    has_domains = any(entry.domains for entry in roster.entries)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = (*COLUMNS, _DOMAINS) if has_domains else COLUMNS
    writer.writerow(columns)
    for entry in roster.entries:
        fields = {
            "platform": entry.platform,
            "account_id": entry.account_id or "",
            "handle": entry.handle or "",
            "name": entry.name or "",
            "country": entry.country,
            "category": entry.category,
            "source_url": entry.source_url,
            "valid_from": _time(entry.valid_from_us),
            "valid_to": _time(entry.valid_to_us),
            _DOMAINS: " ".join(entry.domains),
        }
        writer.writerow([fields[column] for column in columns])
    return text.getvalue().encode()


def _time(at_us: int | None) -> str:
    return "" if at_us is None else from_us(at_us).isoformat().replace("+00:00", "Z")
