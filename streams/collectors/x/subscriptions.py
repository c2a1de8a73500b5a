"""Subscriptions of the Activity API: one for each official and each type of event, up to X's limit."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.collectors.metrics import SourceMetrics
from streams.collectors.x.officials import TAG
from streams.collectors.x.reconciling import Reconciler
from streams.collectors.x.x_api import XApi, XStatusError
from streams.core.clock import to_us
from streams.events import Utc
from streams.printable import printable

__all__ = ["MOST_SUBSCRIPTIONS", "Subscriptions"]

_log: Final = logging.getLogger(__name__)
MOST_SUBSCRIPTIONS: Final = 1_500
"""Of an app that pays for what it uses."""
_ROUTE: Final = "/2/activity/subscriptions"
_PAGE: Final = 1_000
_MOST_DELETED: Final = 100  # at once


class _Filter(Struct, frozen=True):
    user_id: str = ""


class _Subscription(Struct, frozen=True):
    subscription_id: str
    event_type: str = ""
    filter: _Filter = _Filter()
    tag: str = ""
    webhook_id: str | None = None
    created_at: Utc | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.filter.user_id, self.event_type

    @property
    def is_ours(self) -> bool:
        return self.tag == TAG and not self.webhook_id


class _Problem(Struct, frozen=True):
    title: str = ""
    detail: str = ""


class _Answer(Struct, frozen=True):
    """To a creation: X's documentation has `data` as the subscription, in a list, and under `subscription`."""

    data: object = None
    errors: list[_Problem] = []


class Subscriptions(Reconciler):
    """Those of the app that have our tag follow the roster; the others count against the limit, and are left alone."""

    def __init__(self, name: str, api: XApi, series: SourceMetrics, events: Sequence[str], most: int) -> None:
        super().__init__(name, api, series)
        self._events = events
        self._most = most

    async def _reconcile(self, ids: list[str], handles: list[str]) -> int:
        there = await self._api.every(_Subscription, _ROUTE, _PAGE)
        ours = [each for each in there if each.is_ours]
        room = self._most - (len(there) - len(ours))
        served = ids[: max(0, room // len(self._events))]
        left_out = ids[len(served) :]
        wanted = {(official, event) for official in served for event in self._events}
        await self._delete([each for each in ours if each.key not in wanted])
        found: dict[tuple[str, str], int] = {}
        for each in there:
            if each.key in wanted:
                found[each.key] = 0 if each.created_at is None else to_us(each.created_at)
        for official in {*self._asked} - {*served}:
            self.notices.forget(official)
        for official in [*served, *left_out]:
            self.notices.shown(official, self._since(official, found))
        self._asked = [official for official in served if self._since(official, found) is not None]
        self._reconciled.set()  # what is there is read while the rest is asked for, which takes its time
        refused = 0
        for official in served:
            lacking = [event for event in self._events if (official, event) not in found]
            for event in lacking:
                if await self._create(official, event):
                    found[official, event] = time.time_ns() // 1_000
            if lacking:
                since_us = self._since(official, found)
                refused += since_us is None
                self.notices.shown(official, since_us)
                self._asked = [*self._asked, *([] if since_us is None else [official])]
        if handles:
            _log.warning("officials without an id cannot be subscribed to", extra={"officials": len(handles)})
        return len(left_out) + refused + len(handles)

    def _since(self, official: str, found: dict[tuple[str, str], int]) -> int | None:
        times = [found.get((official, event)) for event in self._events]
        return None if None in times else max(each for each in times if each is not None)

    async def _delete(self, gone: Sequence[_Subscription]) -> None:
        for start in range(0, len(gone), _MOST_DELETED):
            ids = ",".join(each.subscription_id for each in gone[start : start + _MOST_DELETED])
            await self._api.json(object, "DELETE", _ROUTE, query={"ids": ids})

    async def _create(self, official: str, event: str) -> bool:
        body = {"event_type": event, "filter": {"user_id": official}, "tag": TAG}
        try:
            answer = await self._api.json(_Answer, "POST", _ROUTE, body=body)
        except XStatusError as error:
            if not error.is_final:
                raise
            _log.warning("subscription refused", extra={"official": official, "event": event, "detail": error.detail})
            return False
        if answer.data:
            return True
        said = "; ".join(f"{each.title} {each.detail}" for each in answer.errors)
        extra = {"official": official, "event": event, "detail": printable(said, 200)}
        _log.warning("subscription refused", extra=extra)
        return False
