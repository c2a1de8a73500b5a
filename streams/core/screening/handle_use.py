"""Whose handles the roster's handles are, as far as a worker sees it: an entry by handle alone is whoever has it.

What `roster_use` says at the end of a run over files, as counts that a worker can keep: bounded by the roster.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from streams.core.country_event import CountryEvent
from streams.core.rosters.roster import Roster, Term, handle_key

__all__ = ["HANDLE_FINDINGS", "HandleFinding", "HandleUse"]

HandleFinding: TypeAlias = Literal["several_ids", "one_id_in_several_terms"]
"""Several accounts had a handle of the roster; or one account acted in several terms of it, so that it may be an office
that changed hands."""

HANDLE_FINDINGS: Final[tuple[HandleFinding, ...]] = ("several_ids", "one_id_in_several_terms")
_MOST_IDS: Final = 8  # of one handle; nobody reads more


class HandleUse:
    """Takes in whom the roster's handles turned out to be (`note_id`) and what officials post (`see`); says which
    handles are in doubt. A handle that the roster no longer has by itself is in doubt no more. `changed`: something was
    noted since `findings` was asked last.
    """

    __slots__ = ("_ids", "_roster", "_terms", "changed")

    def __init__(self, roster: Roster | None = None) -> None:
        self._roster = Roster() if roster is None else roster
        self._ids: dict[tuple[str, str], set[str]] = {}
        self._terms: dict[tuple[str, str], dict[str, set[int]]] = {}
        self.changed = False

    def use(self, roster: Roster) -> None:
        """Put another roster in force: terms are those of the new one, who had which handle stays."""
        self._roster = roster
        self._terms = {}
        self.changed = True

    def note_id(self, platform: str, account_id: str, handle: str) -> None:
        """An official was seen under a handle, on the roster or not."""
        ids = self._ids.setdefault((platform, handle_key(handle)), set())
        if len(ids) < _MOST_IDS and account_id not in ids:
            ids.add(account_id)
            self.changed = True

    def see(self, report: CountryEvent) -> None:
        """An official posted. Of most handles there is one term, and nothing to note."""
        official = report.official
        if report.kind != "post" or official is None or not official.handle:
            return
        terms = self._roster.handles_of(report.platform).get(key := handle_key(official.handle), ())
        if len(terms) < 2:
            return
        seen = self._terms.setdefault((report.platform, key), {})
        if official.id in seen or len(seen) < _MOST_IDS:
            numbers = [number for number, term in enumerate(terms) if term.from_us <= report.at_us < term.to_us]
            mine = seen.setdefault(official.id, set())
            self.changed = self.changed or not mine.issuperset(numbers)
            mine.update(numbers)

    def findings(self) -> Mapping[HandleFinding, tuple[str, ...]]:
        """The handles of the roster that are in doubt, by what is the matter, as `platform:@handle`, sorted."""
        self.changed = False
        several = [where for where, ids in self._ids.items() if len(ids) > 1 and self._alone(*where)]
        passed_on = [where for where, seen in self._terms.items() if any(len(terms) > 1 for terms in seen.values())]
        return {"several_ids": _named(several), "one_id_in_several_terms": _named(passed_on)}

    def _alone(self, platform: str, key: str) -> tuple[Term, ...]:
        return self._roster.handles_of(platform).get(key, ())


def _named(places: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{platform}:@{key}" for platform, key in places))
