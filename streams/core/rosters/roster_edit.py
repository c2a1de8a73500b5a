"""Ids and handles put into a roster's CSV; every other field stays as somebody wrote it."""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import TypeAlias

from streams.core.platforms import written_handle
from streams.core.rosters.roster import account_key
from streams.core.rosters.roster_file import parse_roster

__all__ = ["Names", "with_names"]

Names: TypeAlias = tuple[str | None, str | None]
"""An account's id and handle as they are to be; `None` leaves the field alone."""


def with_names(data: bytes, origin: str, names: Mapping[str, Names]) -> bytes:
    """The CSV with the names of accounts, by the account key that the roster has for them.

    Lines without a change stay as they are, but for a byte order mark and blank lines. Raises `RosterError` where the
    roster is none, or would be none: as where two of its lines turn out to be of one account for the same time.
    """
    parse_roster(data, origin)
    header, *lines = [line for line in data.decode("utf-8-sig").splitlines() if line.strip()]
    columns = [column.strip().lower() for column in next(csv.reader([header], skipinitialspace=True))]
    platform, account_id, handle = (columns.index(name) for name in ("platform", "account_id", "handle"))
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    written.write(f"{header}\n")
    for line in lines:
        fields = [field.strip() for field in next(csv.reader([line], skipinitialspace=True))]
        bare = written_handle(fields[handle], fields[platform])
        new_id, new_handle = names.get(account_key(fields[platform], fields[account_id] or None, bare), (None, None))
        if new_id is None and (new_handle is None or new_handle.lower() == bare.lower()):
            written.write(f"{line}\n")
            continue
        fields[account_id] = new_id or fields[account_id]
        fields[handle] = new_handle or fields[handle]
        writer.writerow(fields)
    new = written.getvalue().encode()
    parse_roster(new, origin)
    return new
