"""The inbox: what is in it, what it can be filtered by, and how it says that there is nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from msgspec.structs import replace

from streams.console.pages.alert_lines import AlertLine
from streams.console.pages.inbox import InboxPage, inbox_page
from streams.console.pages.page import PageRequest
from streams.console.store.reading import Store
from streams.console.web.answers import RefusedRequest
from streams.core.clock import from_us, to_us
from streams.rules_loading import read_rules
from streams.schemas.documents import schema_document
from streams.schemas.payloads import Payload
from tests.console.case_records import in_file
from tests.console.pages.asked import NOW, ask
from tests.console.pages.made_stores import store_of


def _model(store: Store, address: str) -> InboxPage:
    model = ask(store, address).answer.model
    assert isinstance(model, InboxPage)
    return model


@pytest.fixture(scope="module")
def many(case_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """130 alerts of two States, made of those of the case; some fire, some have expired, some were taken back."""
    case = in_file(case_folder, "alerts")
    fired = [from_us(to_us(NOW) - number * 3_600_000_000) for number in range(130)]
    made = [
        replace(
            case[number % 5],
            id=f"{number:032x}",
            fired_at=fired_at,
            as_of=fired_at,
            expires_at=fired_at + timedelta(days=2),
            countries=("FR",) if number % 3 else ("IR",),
            status="retracted" if number % 10 == 9 else "firing",
            superseded_by="f" * 32 if number % 20 == 19 else None,
            subject=replace(case[number % 5].subject, handle=f"voice{number}"),
        )
        for number, fired_at in enumerate(fired)
    ]
    with store_of(tmp_path_factory.mktemp("many"), alerts=made) as store:
        yield store


def test_each_alert_says_what_how_urgent_and_since_when(case_store: Store, case_folder: Path) -> None:
    """The sentence, the severity by word and shape, the rule, the state, and three times with their hours."""
    page = ask(case_store, "/").dom
    items = [each.text for each in page.root.all("li", "alert")]
    alerts = sorted(in_file(case_folder, "alerts"), key=lambda alert: alert.fired_at, reverse=True)
    assert len(items) == len(alerts) == 5
    shapes = {"critical": "■", "warning": "▲", "info": "●"}
    for item, alert in zip(items, alerts, strict=True):
        assert item.startswith(f"{shapes[alert.severity]} {alert.severity}")
        assert alert.rule in item
        assert alert.summary in item
        assert f"fired {alert.fired_at:%Y-%m-%d %H:%M:%S}" in item
        assert f"as of {alert.as_of:%Y-%m-%d %H:%M:%S}" in item
        assert f"until {alert.expires_at:%Y-%m-%d %H:%M:%S}" in item
    assert page.root.all("h1")[0].text == "5 alerts are firing"
    rules = {rule.digest: rule.description for rule in read_rules(None)[0].rules}
    meanings = [each.text for each in page.root.all("p", "meaning")]
    assert meanings == [f"Rule: {rules[alert.rule_digest]}" for alert in alerts], "by which like sentences differ"


def test_where_nothing_fires_the_page_leads_to_what_has_ended(case_store: Store) -> None:
    """That a case is over is no failure."""
    page = ask(case_store, "/", now=NOW + timedelta(days=365)).dom
    [heading] = page.root.all("h1")
    assert heading.text == "No alert is firing now; 5 have ended"
    assert [each.attributes["href"] for each in heading.all("a")] == ["/alerts?state=expired"]


def test_the_model_is_what_its_schema_says_and_rows_are_the_whole_list(many: Store) -> None:
    """`.json` is valid; `.csv` and `.ndjson` have all rows of the filter, and not those of the page alone."""
    schema = schema_document(Payload(name="console-inbox", type=InboxPage, directions=("output",)), [])
    jsonschema.validate(ask(many, "/alerts?country=FR").json, schema)
    rows = _all(many, "/alerts?country=FR")
    assert len(rows) == _model(many, "/alerts?country=FR").total > 50
    assert {row.countries for row in rows} == {("FR",)}


@pytest.mark.slow
def test_the_links_of_facets_give_as_many_as_they_say(many: Store) -> None:
    """Each chosen word narrows the list to its count, and once more gives the list back."""
    whole = _model(many, "/alerts")
    assert whole.firing == whole.total - sum(each.state == "expired" for each in _all(many, "/alerts"))
    page = ask(many, "/alerts").dom
    links = [link for link in page.links() if "?" in link]
    assert len(links) > 12
    for facet in whole.facets:
        for value in facet.values:
            narrowed = _model(many, _address(value.query))
            assert narrowed.total == value.count == len(_all(many, _address(value.query)))
            assert _address(value.query) in links or len(facet.values) == 1
            (again,) = [each for each in narrowed.facets if each.name == facet.name]
            (chosen,) = [each for each in again.values if each.chosen]
            assert _model(many, _address(chosen.query)).total == whole.total


def test_states_are_what_alerts_are_now(many: Store) -> None:
    """Retracted ones are found when they are asked for; superseded ones say so."""
    for state in ("firing", "expired", "retracted", "superseded"):
        rows = _all(many, f"/alerts?state={state}")
        assert rows
        assert {row.state for row in rows} == {state}
    assert {row.state for row in _all(many, "/alerts")} == {"firing", "expired"}
    assert {row.status for row in _all(many, "/alerts?status=retracted")} == {"retracted"}


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?sort=severity", "?country=FR&state=expired"])
def test_pages_have_every_alert_once(many: Store, query: str) -> None:
    """Links lead from page to page and back; the filter stays."""
    found: list[str] = []
    address: str | None = f"/alerts{query}"
    before = None
    while address is not None:
        page = ask(many, address).dom
        found += [each.id for each in _model(many, address).alerts]
        following = [each.attributes["href"] for each in page.root.all("a") if each.attributes.get("rel") == "next"]
        backwards = [each.attributes["href"] for each in page.root.all("a") if each.attributes.get("rel") == "prev"]
        if before is not None:
            assert [each.id for each in _model(many, backwards[0]).alerts] == before
        before = [each.id for each in _model(many, address).alerts]
        address = following[0] if following else None
        if address is not None:
            assert dict(parse_qsl(query[1:])).items() <= dict(parse_qsl(urlsplit(address).query)).items()
    assert found == [row.id for row in _all(many, f"/alerts{query}")]
    assert len(found) == len(set(found)) == _model(many, f"/alerts{query}").total


def test_text_and_time_narrow_the_list(many: Store) -> None:
    """By handle; from a moment on; up to a moment."""
    assert [row.subject.handle for row in _all(many, "/alerts?q=voice101")] == ["voice101"]
    since = NOW - timedelta(hours=10)
    rows = _all(many, f"/alerts?since={since:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}")
    assert {row.id for row in rows} == {f"{number:032x}" for number in range(1, 11) if number % 10 != 9}


def test_an_empty_list_says_why(tmp_path: Path, many: Store) -> None:
    """Nothing was raised; or nothing has all of the filter; or all was taken back."""
    with store_of(tmp_path, alerts=[]) as empty:
        page = ask(empty, "/").dom
        assert page.root.all("h1")[0].text == "No alert is firing now"
        assert "No alert was raised so far" in page.root.all("p", "nothing")[0].text
    page = ask(many, "/alerts?severity=critical&q=nobody").dom
    assert "No alert has all of this" in page.root.all("p", "nothing")[0].text
    assert any(link.startswith("/alerts?q=nobody") for link in page.links()), "the filter can be taken away"


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("severity=urgent", "severity cannot be"),
        ("state=open", "state cannot be"),
        ("since=soon", "since cannot be"),
        ("after=x", "cannot be shown"),
        ("after=1.1&before=1.1", "cannot be shown"),
        ("countrry=IR", "no parameter 'countrry'"),
        ("country=IRAN", "country is longer"),
    ],
)
def test_a_wrong_filter_is_refused_and_named(case_store: Store, query: str, wrong: str) -> None:
    """It must not show everything as if it were filtered."""
    with pytest.raises(RefusedRequest, match=wrong):
        ask(case_store, f"/alerts?{query}")


def _address(query: dict[str, str]) -> str:
    return "/alerts" + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


def _all(store: Store, address: str) -> list[AlertLine]:
    query = dict(parse_qsl(urlsplit(address).query))
    rows = inbox_page(store, PageRequest(query=query, now=NOW)).rows
    assert rows is not None
    return [row for row in rows.rows if isinstance(row, AlertLine)]
