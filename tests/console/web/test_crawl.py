"""Every address that a page names is answered, and so is every bent one: no status 500, whatever is asked."""

import random
import re
from collections import deque
from html import unescape
from urllib.parse import quote

import pytest

from streams.console.store.reading import Store
from streams.console.web.routes import ROUTES
from tests.console.web.running import Running, running_console

_FETCHED = 150
_BENT = 250
_EXPECTED = {200, 304, 308, 400, 404, 421, 503}
_PIECES = (
    "", "%00", "%ff", "%2e%2e", "..", ".", "'", '"', "<script>", "\u202e", "سلام", "\x7f", "a" * 3_000, "-1", "0",
    "9" * 40, "NaN", "twitter:", ":", "twitter:1:2", "%F0%9F%92%A9", "null", "*", "' OR 1=1 --", '"x" AND (', "...",
    ".json", ".svg", "/", "2021-02-30", "0001-01-01", "9999-12-31T23:59:59Z", "1e400", "+5", "١٢", "a.b", "1.2", "_%",
)  # fmt: skip
_PARAMETERS = (
    "q", "v", "at", "since", "until", "after", "before", "sort", "country", "rule", "severity", "platform", "status",
    "state", "min", "official", "suspended", "subject", "older", "newer", "zzz",
)  # fmt: skip


def _links(body: bytes) -> list[str]:
    return [unescape(link) for link in re.findall(r'\shref="(/[^"]*)"', body.decode())]


def _bent(chance: random.Random, address: str) -> str:
    """An address with something put in, taken away or added."""
    piece = quote(chance.choice(_PIECES), safe="%/:.'") if chance.random() < 0.8 else chance.choice(_PIECES)
    match chance.randrange(5):
        case 0:
            place = chance.randrange(len(address) + 1)
            bent = address[:place] + piece + address[place:]
        case 1:
            parts = address.split("/")
            parts[chance.randrange(1, len(parts))] = piece
            bent = "/".join(parts)
        case 2:
            bent = f"{address.partition('?')[0]}?{chance.choice(_PARAMETERS)}={piece}"
        case 3:
            joint = "&" if "?" in address else "?"
            bent = f"{address}{joint}{chance.choice(_PARAMETERS)}={piece}&{chance.choice(_PARAMETERS)}={piece}"
        case _:
            bent = (
                f"{address.partition('?')[0]}{chance.choice(('.json', '.csv', '.ndjson', '/x.svg', '/proof.zip', '/'))}"
            )
    return re.sub(r"[\s#]", "", bent.encode("utf-8").decode("latin-1"))


@pytest.mark.slow
def test_no_address_that_is_named_or_bent_breaks_a_page(case_store: Store) -> None:
    with running_console(case_store, requests_per_second=100_000.0) as console:
        named = _crawl(console)
        chance, statuses = random.Random(15), dict[int, int]()
        for _ in range(_BENT):
            address = _bent(chance, chance.choice(named))
            asked = console.ask(address)
            assert asked.status in _EXPECTED, address
            statuses[asked.status] = statuses.get(asked.status, 0) + 1
    assert min(statuses.get(200, 0), statuses.get(400, 0), statuses.get(404, 0)) > 10, statuses


def _crawl(console: Running) -> list[str]:
    """Addresses of every kind, each of which was answered; the kinds take turns, since one has most."""
    waiting = {"/": deque(["/"])}
    seen, named = {"/"}, list[str]()
    while len(named) < _FETCHED and (kinds := [each for each in waiting.values() if each]):
        for kind in kinds:
            address = kind.popleft()
            asked = console.ask(address.partition("#")[0])
            assert asked.status == 200, (asked.status, address)
            named.append(address.partition("#")[0])
            if not asked.headers["content-type"].startswith("text/html"):
                continue
            for link in _links(asked.body):
                if link not in seen:
                    seen.add(link)
                    waiting.setdefault(re.sub(r"[^/]*[0-9]+[^/?]*|=[^&]*", "…", link), deque()).append(link)
    reached = {route.name for route in ROUTES if any(_fits(route.path, address) for address in named)}
    assert {route.name for route in ROUTES} - reached <= {"roster-difference", "inbox"}, reached
    return named


def _fits(path: str, address: str) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
    return re.fullmatch(pattern, address.partition("?")[0]) is not None
