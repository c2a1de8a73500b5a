"""The rosters in a proof: the one of its alert, and others by which earlier versions or other alerts were counted."""

from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_file import parse_roster
from streams.core.rosters.roster_problems import RosterError
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import Answer, Check, failed
from streams.proofs.archive import Archive, NotAProofError

__all__ = ["ProvedRosters"]


class ProvedRosters:
    """Those of `rosters/`, by their digests, recomputed. Raises `NotAProofError` where they are too many, or too
    large together with the one of the alert.
    """

    def __init__(self, archive: Archive) -> None:
        names = [name for name in archive.entries if name.startswith(layout.ROSTER_FOLDER)]
        if len(names) > layout.MOST_OTHER_ROSTERS:
            raise NotAProofError(
                f"it has {len(names):,} rosters more; at most {layout.MOST_OTHER_ROSTERS} may be there"
            )
        size = sum(archive.entries[name].size for name in names)
        size += archive.entries[layout.ROSTER].size if layout.ROSTER in archive.entries else 0
        if names and size > layout.most_bytes(layout.ROSTER):
            raise NotAProofError(f"its rosters have more than {layout.most_bytes(layout.ROSTER):,} bytes together")
        self.by_digest = dict[str, Roster]()
        self._wrong: list[str] = []
        for name in names:
            try:
                roster = parse_roster(archive.read(name), name)
            except RosterError as error:
                self._wrong.append(printable(error.message, 300))
                continue
            if name != layout.other_roster(roster.digest):
                self._wrong.append(f"{name} is the roster {roster.digest[:12]}")
            self.by_digest[roster.digest] = roster

    def checks(self) -> list[Check]:
        """Nothing where there are none."""
        if self._wrong:
            return [failed("other rosters", *self._wrong)]
        if not self.by_digest:
            return []
        named = ", ".join(
            f"{digest[:12]} ({len(roster.entries):,} entries)" for digest, roster in self.by_digest.items()
        )
        return [Check(question="other rosters", answer=Answer.OK, detail=f"digest {named}")]
