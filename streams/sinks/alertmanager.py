"""One Alertmanager, over its API v2: takes notices, says which ones it refused."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from streams.core.clock import from_us
from streams.core.notifying.notices import Notice, clean
from streams.errors import AntiphonError
from streams.redaction import redact

__all__ = ["Alertmanager", "AlertmanagerError", "OutdatedError"]

_log: Final = logging.getLogger(__name__)
_REQUEST_SECONDS: Final = 5.0
_ANSWER_BYTES: Final = 2_000
_REFUSALS: Final = frozenset({400, 413, 422})  # of what was sent; every other status is about who, where or when


class AlertmanagerError(AntiphonError):
    """An Alertmanager that took nothing: it is away, or not what it should be. Names it without credentials."""


class _RefusedError(AlertmanagerError):
    """The request was understood and not liked."""


class OutdatedError(Exception):
    """What was to be sent was no longer known to be true by the time it could be sent. Nothing of it was."""


class _CurrentBody(aiohttp.BytesPayload):
    """A body that asks once more, as it is handed to the socket, whether it may still be sent.

    A process can be frozen at any moment: by a debugger, a paused machine, a processor that others take. What it sends
    when it wakes would make an alert fire that has ended meanwhile.
    """

    def __init__(self, body: bytes, is_current: Callable[[], bool]) -> None:
        super().__init__(body, content_type="application/json")
        self._is_current = is_current
        self.is_outdated = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self.is_outdated = not self._is_current()
        if self.is_outdated:
            raise RuntimeError("the body is outdated")  # aiohttp gives up the request and closes the connection
        await super().write_with_length(writer, content_length)


class Alertmanager:
    """Sends through a `session` that is not its own. `url` is that of its web page; credentials in it are used and
    never shown: neither `name` nor `host` has any.
    """

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        base = URL(url)
        self.host = base.host or ""
        self.name = str(base.with_user(None).with_query(None).with_fragment(None))
        self._endpoint = base / "api" / "v2" / "alerts"
        self._session = session

    async def post(self, notices: Sequence[Notice], is_current: Callable[[], bool]) -> list[int]:
        """Send the notices in one request; returns the positions of those it refused, in order.

        `is_current` is asked last before each request leaves; once it says no, nothing more is sent: `OutdatedError`.

        With none it asks whether the Alertmanager would take any. A refused request is halved, down to single notices,
        so that a bad one keeps nothing else from being taken. Raises `AlertmanagerError` where nothing more can be had
        from it now. Then any of the notices may have been taken. Nothing is tried again: by then an alert may have
        ended, and the caller knows what is to be sent.
        """
        refused: list[int] = []
        ranges = [(0, len(notices))]
        while ranges:
            begin, end = ranges.pop()
            try:
                await self._send(notices[begin:end], is_current)
            except _RefusedError as error:
                if end - begin == 0:
                    raise
                if end - begin > 1:
                    middle = (begin + end) // 2
                    ranges += [(middle, end), (begin, middle)]
                    continue
                if not refused:
                    await self._send([], is_current)  # something that refuses everything is no Alertmanager
                _log.error(
                    "alert refused by Alertmanager",
                    extra={"alertmanager": self.name, "why": error.message, "labels": dict(notices[begin].labels)},
                )
                refused.append(begin)
        return sorted(refused)

    async def _send(self, notices: Sequence[Notice], is_current: Callable[[], bool]) -> None:
        body = _CurrentBody(msgspec.json.encode([_as_sent(notice) for notice in notices]), is_current)
        try:
            async with self._session.post(
                self._endpoint,
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS),
            ) as answer:
                status = answer.status
                if status == 200:
                    return
                text = (await answer.content.read(_ANSWER_BYTES)).decode("utf-8", "replace")
                said = clean(redact(text), 500)  # some answers repeat the request, with its credentials
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if body.is_outdated:
                raise OutdatedError from None
            # What aiohttp says may hold the whole URL: the kind of the error is enough.
            raise AlertmanagerError(
                f"{self.name} cannot be reached: {type(error).__name__}",
                remedy="see whether the Alertmanager runs, and alertmanager_urls (ANTIPHON_ALERTMANAGER_URLS)",
            ) from None
        message = f"{self.name} answers with status {status}: {said}"
        if status in _REFUSALS:
            raise _RefusedError(
                message,
                remedy="see what it says; alertmanager_urls (ANTIPHON_ALERTMANAGER_URLS) may name something else",
            )
        if status >= 500:
            raise AlertmanagerError(message, remedy="see the Alertmanager's log")
        raise AlertmanagerError(
            message,
            remedy="alertmanager_urls (ANTIPHON_ALERTMANAGER_URLS) must name an Alertmanager itself, with what it asks "
            "for in credentials",
        )


def _as_sent(notice: Notice) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "labels": notice.labels,
        "annotations": notice.annotations,
        "startsAt": from_us(notice.starts_us),
        "endsAt": from_us(notice.ends_us),
    }
    if notice.link:
        sent["generatorURL"] = notice.link
    return sent
