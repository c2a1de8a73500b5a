"""Pages give under `.json` what their schemas say, and each field of their models says what it is."""

from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator

from streams.console.store.filters import AlertFilter, PageOf
from streams.console.store.reading import Store
from streams.console.web.addresses import address_of
from streams.console.web.routes import ROUTES, Route
from streams.schemas.field_docs import field_descriptions, structs_of
from streams.schemas.pages import page_schemas
from tests.console.pages.asked import ask

_SUBJECT: Final = "twitter:1280000000000000001"
_each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


def _parts(store: Store, route: Route) -> dict[str, str]:
    """What the case has for the parts of a path."""
    roster = store.rosters()[0].digest
    known = {
        "account": {"key": _SUBJECT},
        "aftermath": {"id": store.aftermaths_of(_SUBJECT)[0].id},
        "alert": {"id": store.alerts(AlertFilter(subject=_SUBJECT), PageOf()).rows[0].id},
        "country": {"code": "IR"},
        "event": {"sha256": store.events_of_subject(_SUBJECT, PageOf()).rows[0].sha256},
        "official": {"key": "twitter:90000001009"},
        "roster": {"digest": roster},
        "roster-difference": {"old": roster, "new": roster},
        "rule-file": {"digest": store.rule_files()[0].digest},
    }
    return known.get(route.name, {})


@pytest.mark.slow
@_each_route
def test_what_a_page_gives_is_what_its_schema_says(case_store: Store, route: Route) -> None:
    """Of the bundled case; and what lacks a field that is always there is none."""
    schema = page_schemas()[f"console-{route.name}"]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    given = ask(case_store, address_of(ROUTES, route.name, None, **_parts(case_store, route))).json
    assert [error.message for error in validator.iter_errors(given)] == []
    first, *_ = schema["required"]
    assert not validator.is_valid({key: value for key, value in given.items() if key != first})


@_each_route
def test_every_field_of_a_page_says_what_it_is(route: Route) -> None:
    """In the models of pages; what the store and the core have, say it themselves."""
    for record in structs_of(route.model).values():
        if record.__module__.startswith("streams.console.pages."):
            assert set(field_descriptions(record)) == set(record.__struct_fields__), record


def test_the_files_are_there() -> None:
    """With the others, under the name of the route."""
    folder = Path(__file__).parents[3] / "schemas"
    assert {f"{name}.schema.json" for name in page_schemas()} == {
        path.name for path in folder.glob("console-*.schema.json")
    }
