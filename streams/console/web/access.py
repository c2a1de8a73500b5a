"""Who gets an answer: by method, host, origin, token and rate. Pure but for the clock that is passed in.

The console is read-only, so there is nothing that a request from another site could change; what is kept from other
sites is what the pages say.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from streams.console.web.settings import ConsoleSettings
from streams.printable import printable
from streams.serving.limits import Bucket, knows_token

__all__ = ["Access", "Refusal"]

_CLIENTS: Final = 4_096  # whose rate is known; those that were longest away are forgotten first
_FAILURES_PER_SECOND: Final = 2.0
_MOST_USER: Final = 200  # characters of a name that the log has
# Asked for by address, by what restarts the process; they say nothing of what there is.
_OPEN: Final = frozenset({"/healthz", "/readyz"})
_COUNTS: Final = "/metrics"  # as those of workers: what Prometheus reads has no names in it


class Refusal(Struct, frozen=True, kw_only=True):
    """Why there is no answer. `reason` is a word for metrics."""

    status: int
    reason: str
    sentence: str
    remedy: str
    headers: Mapping[str, str] = {}


class Access:
    """Judges requests by their first lines."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._hosts = settings.host_names
        self._token = settings.token
        self._user_header = settings.proxy_user_header
        self._per_second = settings.requests_per_second
        self._clients: OrderedDict[str, Bucket] = OrderedDict()
        self._failures: OrderedDict[str, Bucket] = OrderedDict()

    def user(self, headers: Mapping[str, str]) -> str | None:
        """Whom the proxy names; `None` where none stands before the console."""
        return printable(headers.get(self._user_header, ""), _MOST_USER) or None if self._user_header else None

    def refuse(self, method: str, path: str, headers: Mapping[str, str], peer: str, now: float) -> Refusal | None:
        """Why not, or `None`. `headers` finds names in whatever case; `now` is of a monotonic clock."""
        if method not in ("GET", "HEAD"):
            return Refusal(
                status=405,
                reason="method",
                sentence="This server is read-only.",
                remedy="It answers GET and HEAD.",
                headers={"Allow": "GET, HEAD"},
            )
        if path in _OPEN:
            return None
        if path == _COUNTS:
            return self._too_fast(headers, peer, now)
        host = headers.get("Host", "")
        if _name(host) not in self._hosts:
            return Refusal(
                status=421,
                reason="host",
                sentence="This server does not answer for that host.",
                remedy="Whoever runs it names its hosts in ANTIPHON_CONSOLE_HOSTS.",
            )
        if not _is_from_here(headers, host):
            return Refusal(
                status=403,
                reason="cross_site",
                sentence="Other sites may link to these pages, not load them.",
                remedy="Open the address in a window of its own.",
            )
        return self._unknown(headers, peer, now) or self._too_fast(headers, peer, now)

    def _unknown(self, headers: Mapping[str, str], peer: str, now: float) -> Refusal | None:
        if self._user_header and self.user(headers) is None:
            return Refusal(
                status=401,
                reason="no_user",
                sentence="The proxy before this server did not say who you are.",
                remedy="Come by way of the proxy. Whoever runs it sets ANTIPHON_CONSOLE_PROXY_USER_HEADER.",
            )
        if not self._token:
            return None
        given = headers.get("Authorization", "")
        failures = self._failures.get(peer)
        if failures is not None and (wait := failures.wait_seconds(now, take=False)) > 0:
            return _slower(wait, "too many requests without the token")
        if knows_token(given, self._token):
            return None
        if given:  # whoever has tried none yet has guessed at nothing
            _bucket(self._failures, peer, _FAILURES_PER_SECOND).wait_seconds(now)
        return Refusal(
            status=401,
            reason="token",
            sentence="This server asks for its token.",
            remedy="Give it as the password, under any name; programs send it as Authorization: Bearer.",
            headers={"WWW-Authenticate": 'Basic realm="Antiphon", charset="UTF-8"'},
        )

    def _too_fast(self, headers: Mapping[str, str], peer: str, now: float) -> Refusal | None:
        client = self.user(headers) or peer
        wait = _bucket(self._clients, client, self._per_second).wait_seconds(now)
        return _slower(wait, f"more than {self._per_second:g} requests a second") if wait > 0 else None


def _slower(wait: float, why: str) -> Refusal:
    return Refusal(
        status=429,
        reason="rate",
        sentence=f"Too fast: {why}.",
        remedy="Wait a moment.",
        headers={"Retry-After": str(max(1, round(wait)))},
    )


def _bucket(buckets: OrderedDict[str, Bucket], client: str, per_second: float) -> Bucket:
    found = buckets.get(client)
    if found is None:
        found = buckets[client] = Bucket(per_second)
        if len(buckets) > _CLIENTS:
            buckets.popitem(last=False)
    buckets.move_to_end(client)
    return found


def _name(host: str) -> str:
    """The name in a header `Host`, without the port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (not port or (port.isascii() and port.isdecimal())) else host).lower()


def _is_from_here(headers: Mapping[str, str], host: str) -> bool:
    """Whether a page of ours, or a person, asks. Another site may lead a window here by a link, and do nothing else:
    what it would load into a page of its own, it could measure.
    """
    site = headers.get("Sec-Fetch-Site")
    if site in ("same-origin", "none"):
        return True
    if site is not None:
        return headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    origin = headers.get("Origin")  # of browsers that do not say where from; `null` is of a page that hides it
    return origin is None or origin.partition("://")[2].lower() == host.lower()
