"""The versions of alerts in a proof: whether each follows from the events up to then, under the roster that it names.

A version that does not follow is no failure: what it became is recounted apart. It may have been published before an
event that came late, or by counts that are gone.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.printable import printable
from streams.proofs import layout
from streams.proofs.answers import Answer, Check
from streams.proofs.archive import Archive, NotAProofError
from streams.proofs.building import is_on_aftermath
from streams.proofs.comparison import differences
from streams.proofs.proved_events import ProvedEvents
from streams.proofs.recounted_alerts import RecountedAlerts, recounted_alerts

__all__ = ["ProvedVersions", "version_check"]

_QUESTION: Final = "earlier versions"
_MOST_VERSION_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 8 << 20  # of versions that are recounted; decoded they take several times as much
_SOURCE: Final = re.compile(r"\$\.evidence\[\d+\]\.source")
_MOVED: Final = " but for which copy of an event is meant"
_FIGURES: Final = "$.figures."
_SHOWN: Final = 3  # differences
_LATE: Final = "an event that came late, or is not here, changes a version and not what it became"

_Version: TypeAlias = tuple[Alert, bytes]


class ProvedVersions(Struct, frozen=True, kw_only=True):
    """As they were published, oldest first, with the bytes of each; `more` of them are not held."""

    held: tuple[_Version, ...]
    more: int

    @classmethod
    def of(cls, archive: Archive) -> "ProvedVersions":
        """Those of a proof. Raises `NotAProofError` for a line that is no alert."""
        held: list[_Version] = []
        size = more = 0
        if layout.VERSIONS in archive.entries:
            for line in archive.lines(layout.VERSIONS, _MOST_VERSION_BYTES):
                alert = _decoded(line)
                size += len(line)
                if size <= _MOST_BYTES:
                    held.append((alert, line))
                else:
                    more += 1
        return cls(held=tuple(held), more=more)


class _Found(Struct, frozen=True, kw_only=True):
    """What is to be said of a version, in the same words for all that are alike."""

    equal: bool
    words: str


def version_check(
    versions: ProvedVersions,
    alerts: Sequence[Alert],
    rosters: dict[str, Roster],
    rules: RuleSet,
    events: ProvedEvents,
    read_up_to_us: int,
    lacking: str,
) -> Check:
    """Says of each version whether it is equal, or by which roster it differs from the alert, or why nobody can know.

    `rosters` by digest, of which that of the alerts is one where it is the same for all. `lacking`: what the recount
    has not, in words, or nothing.
    """
    if not versions.held and not versions.more:
        return Check(question=_QUESTION, answer=Answer.NONE, detail="only the last version is here")
    held = [alert for alert, _ in versions.held]
    last = {alert.id: alert.roster_digest for alert in alerts}
    needed = {alert.roster_digest for alert in held} | set(last.values())
    recounted = {
        digest: recounted_alerts(roster, rules, events.readings, held, read_up_to_us)
        for digest, roster in rosters.items()
        if digest in needed
    }
    found = [
        _found(version, recounted, last.get(version[0].id, ""), rules, _lacking(version[0], rules, events, lacking))
        for version in versions.held
    ]
    lines = list(_lines(held, found))
    if versions.more:
        lines.append(f"{versions.more:,} more are too many to be recounted")
    equal = sum(each.equal for each in found)
    detail = f"{equal:,} of {len(found) + versions.more:,} versions of the alerts recounted, equal"
    answer = Answer.OK if equal == len(found) + versions.more else Answer.STATED
    return Check(question=_QUESTION, answer=answer, detail=detail, places=(detail, *lines))


def _found(version: _Version, recounted: dict[str, RecountedAlerts], last: str, rules: RuleSet, lacking: str) -> _Found:
    alert, _ = version
    own = alert.roster_digest
    if not last:
        return _Found(equal=False, words="of an alert that is not here")
    if own not in recounted:
        return _Found(equal=False, words=f"cannot be recounted: its roster {printable(own[:12])} is not here")
    if not any((rule.name, rule.digest) == (alert.rule, alert.rule_digest) for rule in rules.rules):
        digest = printable(alert.rule_digest[:12])
        return _Found(equal=False, words=f"cannot be recounted: its rule, digest {digest}, is not here")
    wrong, moved = _differs(version, recounted[own])
    if not wrong:
        words = f"equal{_MOVED if moved else ''}, under roster {own[:12]}"
        if own != last:
            words += f"; superseded: {_under_the_last(version, recounted, last)}"
        return _Found(equal=True, words=words)
    if lacking:
        return _Found(equal=False, words=f"cannot be recounted: {lacking}")
    return _Found(equal=False, words=f"differs, under roster {own[:12]}: {wrong}; {_LATE}")


def _under_the_last(version: _Version, recounted: dict[str, RecountedAlerts], last: str) -> str:
    """What the version would have been under the roster of the alert."""
    if last not in recounted:
        return f"the roster of the alert, {printable(last[:12])}, is not here"
    alert, value = version
    again = recounted[last].by(alert.id, alert.as_of)
    if again is None:
        return f"differs because of roster {last[:12]}, under which it had not fired by then"
    wrong = [each for each in differences(value, msgspec.json.encode(again)) if not each.startswith("$.roster_digest")]
    if not wrong:
        return f"roster {last[:12]} says the same"
    wrong.sort(key=lambda each: not each.startswith(_FIGURES))
    return f"differs because of roster {last[:12]}: {', '.join(wrong[:_SHOWN])}"


def _differs(version: _Version, recounted: RecountedAlerts) -> tuple[str, bool]:
    """The smallest difference between a version and the recounted ones of the same `as_of`; empty where one is equal.
    Also whether that one names another copy of an event: the position of an event is a hint and identifies nothing.
    """
    alert, value = version
    if recounted.has(alert.id, value):
        return "", False
    least: list[str] | None = None
    for other in recounted.as_of(alert.id, alert.as_of):
        wrong = differences(value, msgspec.json.encode(_as_a_person_left_it(other, alert)))
        real = [each for each in wrong if not _SOURCE.match(each)]
        if not real:
            return "", bool(wrong)
        if least is None or len(real) < len(least):
            least = real
    return "nothing was published as of then" if least is None else least[0], False


def _as_a_person_left_it(other: Alert, version: Alert) -> Alert:
    """Events say nothing of what a person retracted."""
    if version.retracted_at is None:
        return other
    because = version.retracted_because
    return replace(other, status=version.status, retracted_at=version.retracted_at, retracted_because=because)


def _lacking(alert: Alert, rules: RuleSet, events: ProvedEvents, lacking: str) -> str:
    if events.redacted and is_on_aftermath(alert.rule, rules):
        return "texts that its figures look at are left out"
    return lacking


def _lines(held: Sequence[Alert], found: Sequence[_Found]) -> list[str]:
    """A line for those that follow one another and of which the same is to be said."""
    lines: list[str] = []
    for words, group in groupby(enumerate(found), key=lambda each: each[1].words):
        places = [place for place, _ in group]
        first, last = places[0], places[-1]
        when = f"as of {held[first].as_of:%Y-%m-%d %H:%M}"
        if first == last:
            lines.append(f"version {first + 1}, {when}: {words}")
        else:
            lines.append(f"versions {first + 1} to {last + 1}, {when} to {held[last].as_of:%Y-%m-%d %H:%M}: {words}")
    return lines


def _decoded(line: bytes) -> Alert:
    try:
        line.decode()  # the decoder looks at no byte of a field that it does not know
        return msgspec.json.decode(line, type=Alert)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAProofError(f"{layout.VERSIONS} has a line that is no alert: {printable(str(error), 200)}") from error
