"""A roster as the file that a person would write."""

from streams.core.rosters.roster import Roster

__all__ = ["csv_of"]


def csv_of(roster: Roster) -> bytes:
    """CSV with its entries."""
    lines = ["platform,account_id,handle,name,country,category,source_url,valid_from,valid_to,domains"]
    for each in roster.entries:
        account = f"{each.platform},{each.account_id or ''},{each.handle or ''}"
        lines.append(f"{account},,{each.country},{each.category},{each.source_url},,,{' '.join(each.domains)}")
    return "\n".join(lines).encode()
