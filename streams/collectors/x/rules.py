"""Rules of the filtered stream: officials in groups, as many as a rule has room for. Changed while the stream runs.

Our rules have a tag with the time at which they took effect. Who comes onto the roster gets a new rule, so that those
of the others stay as they are; where there would be too many rules, all are recreated.
"""

import logging
import re
import time
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from streams.collectors.metrics import SourceMetrics
from streams.collectors.x.officials import TAG
from streams.collectors.x.reconciling import Reconciler
from streams.collectors.x.x_api import XApi
from streams.printable import printable

__all__ = ["MOST_CHARACTERS", "MOST_RULES", "FilterRules", "rules_for"]

_log: Final = logging.getLogger(__name__)
MOST_RULES: Final = 1_000
MOST_CHARACTERS: Final = 1_024
"""Of an app that pays for what it uses."""
_ROUTE: Final = "/2/tweets/search/stream/rules"
_AT_ONCE: Final = 100  # rules in a request
_FROM: Final = re.compile(r"from:(\S+)")
_OR: Final = " OR "


class _Rule(Struct, frozen=True):
    value: str
    id: str = ""
    tag: str = ""

    @property
    def officials(self) -> list[str]:
        """As `Officials` names them."""
        return [name if name.isdigit() else f"@{name}" for name in _FROM.findall(self.value)]

    @property
    def since_us(self) -> int | None:
        """When it took effect; `None` for a rule that is not ours."""
        mark, _, number = self.tag.partition(" ")
        return int(number) if mark == TAG and number.isdecimal() else None


class _Problem(Struct, frozen=True):
    title: str = ""
    detail: str = ""


class _Answer(Struct, frozen=True):
    data: list[_Rule] = []
    errors: list[_Problem] = []


def rules_for(officials: Iterable[str], characters: int = MOST_CHARACTERS) -> list[str]:
    """Rules that name each official once, ids and `@handle`s, in their order."""
    rules: list[str] = []
    for official in officials:
        part = f"from:{official.removeprefix('@')}"
        if rules and len(rules[-1]) + len(_OR) + len(part) <= characters:
            rules[-1] += _OR + part
        else:
            rules.append(part)
    return rules


class FilterRules(Reconciler):
    """Those of the app that have our tag follow the roster; the others count against the limit, and are left alone."""

    def __init__(
        self, name: str, api: XApi, series: SourceMetrics, most: int = MOST_RULES, characters: int = MOST_CHARACTERS
    ) -> None:
        super().__init__(name, api, series)
        self._most = most
        self._characters = characters

    async def _reconcile(self, ids: list[str], handles: list[str]) -> int:
        officials = [*ids, *(f"@{handle}" for handle in handles)]
        wanted = {*officials}
        there = await self._api.every(_Rule, _ROUTE, 1_000)
        ours = [each for each in there if each.since_us is not None]
        room = self._most - (len(there) - len(ours))
        kept = [each for each in ours if wanted.issuperset(each.officials)]
        since = {name: each.since_us or 0 for each in kept for name in each.officials}
        changed = {name: each.since_us or 0 for each in ours if each not in kept for name in each.officials}
        staying = [name for name in changed if name in wanted and name not in since]
        new = [name for name in officials if name not in since and name not in changed]
        adding = [(rules_for(staying, self._characters), max(changed.values(), default=0))]
        now_us = time.time_ns() // 1_000
        adding.append((rules_for(new, self._characters), now_us))
        left_out: set[str] = set()
        if len(kept) + sum(len(rules) for rules, _ in adding) > room:
            rules = rules_for(officials, self._characters)
            left_out = {name for rule in rules[max(0, room) :] for name in _Rule(rule).officials}
            kept, adding, since, changed = [], [(rules[: max(0, room)], now_us)], {}, {}
        for name in {*self._asked} - wanted:
            self.notices.forget(name)
        for name in officials:
            self.notices.shown(name, since.get(name, changed.get(name)))
        gone = [each.id for each in ours if each not in kept]
        # First the new ones: an official that is in two rules comes once, and one in none is missed.
        full = len(there) + sum(len(rules) for rules, _ in adding) > self._most
        if full:
            await self._delete(gone)
        for rules, since_us in adding:
            for rule in await self._add(rules, since_us):
                since |= dict.fromkeys(_Rule(rule).officials, since_us)
        if not full:
            await self._delete(gone)
        self._asked = [name for name in officials if name in since]
        for name in self._asked:
            self.notices.shown(name, since[name])
        return len(left_out) + len([name for name in officials if name not in since and name not in left_out])

    async def _add(self, rules: Sequence[str], since_us: int) -> list[str]:
        """Add rules; those that X took. It names the others as errors beside them."""
        taken: list[str] = []
        for start in range(0, len(rules), _AT_ONCE):
            body = {"add": [{"value": rule, "tag": f"{TAG} {since_us}"} for rule in rules[start : start + _AT_ONCE]]}
            answer = await self._api.json(_Answer, "POST", _ROUTE, body=body)
            taken += [rule.value for rule in answer.data]
            for each in answer.errors:
                _log.warning("rule refused", extra={"detail": printable(f"{each.title} {each.detail}", 200)})
        return taken

    async def _delete(self, gone: Sequence[str]) -> None:
        for start in range(0, len(gone), _AT_ONCE):
            await self._api.json(object, "POST", _ROUTE, body={"delete": {"ids": gone[start : start + _AT_ONCE]}})
