"""Addresses are made and taken apart again, whatever stands in them."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from streams.console.pages.page import PageAnswer, PageRequest
from streams.console.web.addresses import address_of, find_place
from streams.console.web.routes import Route


class _Model(Struct, frozen=True):
    pass


def _page(_store: object, _request: PageRequest) -> PageAnswer:
    return PageAnswer(title="", template="", model=_Model())


ROUTES = (
    Route(path="/alerts", page=_page, name="alerts", model=_Model, is_list=True),
    Route(path="/alerts/{id}", page=_page, name="alert", model=_Model),
    Route(path="/accounts/{key}", page=_page, name="account", model=_Model),
)


@given(st.text(min_size=1))
def test_a_part_of_an_address_comes_back_as_it_was(key: str) -> None:
    if not key.isprintable():
        return
    address = address_of(ROUTES, "account", key=key)
    assert urlsplit(address).path == address
    place = find_place(ROUTES, address)
    assert place is not None
    ending = key.rpartition(".")[2]
    if ending not in ("json", "svg"):
        assert (place.route.name, dict(place.path), place.form) == ("account", {"key": key}, "html")


@given(st.text(alphabet=st.characters(codec="latin-1")) | st.sampled_from(["/%ff", "/alerts/%", "//", "/alerts//.svg"]))
def test_any_path_is_taken_apart_without_an_error(path: str) -> None:
    find_place(ROUTES, path)
    find_place(ROUTES, "/alerts/" + path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/alerts", ("alerts", {}, "html", None)),
        ("/alerts.json", ("alerts", {}, "json", None)),
        ("/alerts.ndjson", ("alerts", {}, "ndjson", None)),
        ("/alerts/ab.json", ("alert", {"id": "ab"}, "json", None)),
        ("/alerts/ab.csv", ("alert", {"id": "ab.csv"}, "html", None)),
        ("/alerts/ab/strip-plot.svg", ("alert", {"id": "ab"}, "svg", "strip-plot")),
        ("/accounts/bluesky:at:%2F%2Fdid%2Fx", ("account", {"key": "bluesky:at://did/x"}, "html", None)),
        ("/accounts/bluesky:x.bsky.social", ("account", {"key": "bluesky:x.bsky.social"}, "html", None)),
    ],
)
def test_the_ending_of_an_address_says_in_which_form_it_is_wanted(path: str, expected: tuple[object, ...]) -> None:
    place = find_place(ROUTES, path)
    assert place is not None
    assert (place.route.name, dict(place.path), place.form, place.figure) == expected


@pytest.mark.parametrize("path", ["", "alerts", "/", "/alert", "/alerts/", "/alerts/a/b", "/alerts/%ff", "/x.json"])
def test_nothing_stands_at_other_addresses(path: str) -> None:
    assert find_place(ROUTES, path) is None


def test_parameters_without_a_value_are_left_out() -> None:
    assert address_of(ROUTES, "alerts", {"q": "", "rule": None, "since": "a&b"}) == "/alerts?since=a%26b"


@pytest.mark.parametrize(("name", "parts"), [("alert", {}), ("alert", {"key": 1}), ("nothing", {})])
def test_a_slip_in_a_template_is_told(name: str, parts: dict[str, object]) -> None:
    with pytest.raises(LookupError):
        address_of(ROUTES, name, **parts)
