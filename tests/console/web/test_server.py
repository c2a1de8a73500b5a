"""What the console answers over a real socket: forms of pages, conditions, refusals, and the headers of all of them."""

import json
from collections.abc import Iterator

import pytest
from msgspec import Struct

from streams import __version__
from streams.console.pages.page import BadRequest, NotFound, PageAnswer, PageRequest, Rows
from streams.console.pages.status import StatusPage, status_page
from streams.console.store.reading import Store, TooLongError
from streams.console.web.headers import HEADERS
from streams.console.web.routes import Route
from tests.console.web.running import Running, running_console


class _Row(Struct, frozen=True):
    handle: str
    count: int


class _Listed(Struct, frozen=True):
    rows: tuple[_Row, ...]


_SVG = '<svg xmlns="http://www.w3.org/2000/svg" class="figure"><title>A &lt; B</title></svg>'
_MANY = 30_000


def _listed(_store: Store, request: PageRequest) -> PageAnswer:
    request.only("most")
    most = request.whole("most", least=0, most=_MANY) or 3
    first = (_Row("=cmd()", 1), _Row("@سلام", 2), _Row('a"b\n,c', 3))
    rows = (first[number % 3] for number in range(most))
    return PageAnswer(
        title="Listed",
        template="refusal.html",
        model=_Listed(first),
        figures={"plot": _SVG},
        rows=Rows(record=_Row, rows=rows),
    )


def _refused(_store: Store, request: PageRequest) -> PageAnswer:
    match request.path["how"]:
        case "unknown":
            raise NotFound("There is no <b>such</b> alert.", remedy="Look in the inbox.")
        case "wrong":
            raise BadRequest("at is no moment.", remedy="Write a day.")
        case "slow":
            raise TooLongError("2 s")
        case _:
            raise ZeroDivisionError("a secret of the inside")


_ROUTES = (
    Route(path="/alerts", page=_listed, name="alerts", model=_Listed, is_list=True),
    Route(path="/refused/{how}", page=_refused, name="refused", model=_Listed),
    Route(path="/status", page=status_page, name="status", model=StatusPage),
)


@pytest.fixture(scope="module")
def console(case_store: Store) -> Iterator[Running]:
    with running_console(case_store, _ROUTES) as running:
        yield running


def test_a_page_comes_as_html_and_as_json(console: Running) -> None:
    page, model = console.ask("/status"), console.ask("/status.json")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<h1>Status</h1>" in page.body
    assert (model.status, model.headers["content-type"]) == (200, "application/json")
    assert json.loads(model.body)["version"] == __version__


def test_rows_come_whole_as_csv_without_formulas_and_as_ndjson(console: Running) -> None:
    table, lines = console.ask("/alerts.csv"), console.ask("/alerts.ndjson")
    assert table.body.startswith(b"\xef\xbb\xbfhandle,count\r\n'=cmd(),1\r\n")
    assert "'@سلام,2".encode() in table.body
    assert table.headers["content-disposition"] == 'attachment; filename="antiphon-alerts.csv"'
    assert [json.loads(line) for line in lines.body.splitlines()][1] == {"handle": "@سلام", "count": 2}
    many = console.ask(f"/alerts.ndjson?most={_MANY}")
    assert len(many.body.splitlines()) == _MANY


def test_a_figure_alone_carries_its_style_and_a_policy_for_that_style_only(console: Running) -> None:
    figure = console.ask("/alerts/plot.svg")
    assert figure.headers["content-type"] == "image/svg+xml"
    assert b"<style>" in figure.body
    assert b"A &lt; B" in figure.body
    policy = figure.headers["content-security-policy"]
    assert "style-src 'sha256-" in policy
    assert "script-src" not in policy
    assert console.ask("/alerts/other.svg").status == 404


def test_what_a_browser_has_is_not_sent_again(console: Running) -> None:
    first = console.ask("/static/console.css")
    again = console.ask("/static/console.css", If_None_Match=f'"x", W/{first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert console.ask("/static/console.css", If_None_Match='"other"').status == 200
    page = console.ask("/status.json")
    assert page.headers["cache-control"] == "private, no-cache"
    assert "immutable" in first.headers["cache-control"]


def test_head_has_the_headers_of_get_and_no_body(console: Running) -> None:
    for path in ("/status", "/static/console.js", "/healthz", "/nothing", "/alerts.csv", "/live"):
        asked = console.ask(path, method="HEAD")
        assert asked.body == b"", path
        if path == "/static/console.js":
            assert int(asked.headers["content-length"]) == len(console.ask(path).body)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "There is no such page."),
        ("/refused/unknown", 404, "There is no <b>such</b> alert."),
        ("/refused/wrong", 400, "at is no moment."),
        ("/refused/slow", 503, "This question takes too long."),
        ("/alerts?most=x", 400, "most cannot be 'x'."),
        ("/alerts?colour=red", 400, "This page has no parameter 'colour'."),
        ("/alerts?most=1&most=2", 400, "most is given twice."),
        ("/alerts?q=%ff", 400, "The parameters of this address cannot be read."),
        ("/static/../server.py", 404, "There is no such file."),
        ("/static/macros.html", 404, "There is no such file."),
    ],
)
def test_refusals_are_pages_and_json_that_say_what_to_do(console: Running, path: str, status: int, words: str) -> None:
    page = console.ask(path)
    assert page.status == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    escaped = words.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    assert f"<h1>{escaped}</h1>" in page.body.decode()
    refusal = json.loads(console.ask(path, Accept="application/json").body)
    assert (refusal["status"], refusal["error"]) == (status, words)
    assert refusal["remedy"]


def test_a_bug_in_a_page_is_logged_and_shows_nothing_of_the_inside(
    console: Running, caplog: pytest.LogCaptureFixture
) -> None:
    asked = console.ask("/refused/bug")
    assert asked.status == 500
    assert b"secret" not in asked.body
    assert "a secret of the inside" in caplog.text
    assert console.ask("/status").status == 200


def test_an_address_with_a_slash_at_its_end_leads_to_the_page_and_nowhere_else(console: Running) -> None:
    asked = console.ask("/status/")
    assert (asked.status, asked.headers["location"]) == (308, "/status")
    assert console.ask("//status/").status == 404
    assert console.ask("//evil.example/").status == 404


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NOT HTTP\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"b" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\0" * 100 + b"\r\n\r\n",
    ],
)
def test_malformed_requests_are_refused_with_the_same_headers(console: Running, request_bytes: bytes) -> None:
    asked = console.send(request_bytes)
    assert asked.status in (400, 404, 405)
    for name, value in HEADERS.items():
        assert asked.headers[name.lower()] == value
    assert b"Traceback" not in asked.body
    assert b"aiohttp" not in asked.body


def test_every_answer_has_the_headers_that_keep_other_sites_out(console: Running) -> None:
    for path in ("/status", "/status.json", "/nothing", "/alerts.csv", "/metrics", "/healthz", "/refused/bug"):
        asked = console.ask(path)
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
            assert asked.headers[name.lower()] == HEADERS[name], path
        assert "unsafe" not in asked.headers["content-security-policy"]


def test_metrics_count_answers_by_page_and_status_never_by_address(console: Running) -> None:
    console.ask("/refused/unknown")
    console.ask("/an/address/of/whom-it-concerns")
    text = console.ask("/metrics").body.decode()
    assert 'antiphon_console_requests_total{page="refused",status="404"}' in text
    assert "whom-it-concerns" not in text


def test_who_took_rows_away_is_logged(console: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="streams")
    console.ask("/alerts.csv?most=2")
    (record,) = [each for each in caplog.records if each.getMessage() == "console export"]
    assert vars(record)["address"] == "/alerts.csv?most=2"
    assert (vars(record)["peer"], vars(record)["form"], vars(record)["whole"]) == ("127.0.0.1", "csv", True)
    assert vars(record)["bytes"] > 0
