"""How two rosters differ: by kind of change, account by account, renames apart."""

from typing import Any

import pytest

from streams.core.corrections.entry_changes import EntryChange, entry_changes, with_changes
from streams.core.rosters.roster import Roster, RosterEntry


def _entry(**fields: Any) -> RosterEntry:
    made: dict[str, Any] = {
        "platform": "twitter",
        "account_id": "1",
        "handle": "one",
        "country": "IR",
        "category": "diplomat",
        "source_url": "https://example.org/",
    }
    return RosterEntry(**(made | fields))


_OTHER = _entry(account_id="2", handle="two")


def _changes(old: list[RosterEntry], new: list[RosterEntry]) -> tuple[EntryChange, ...]:
    return entry_changes(Roster([_OTHER, *old]), Roster([_OTHER, *new]))


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ([_entry()], [], ("removed",)),
        ([], [_entry()], ("added",)),
        ([_entry()], [_entry(country="RU")], ("country",)),
        ([_entry()], [_entry(category="leader")], ("category",)),
        ([_entry()], [_entry(valid_from_us=5)], ("term",)),
        ([_entry()], [_entry(valid_to_us=5, country="RU")], ("country", "term")),
        ([_entry()], [_entry(valid_to_us=5), _entry(valid_from_us=5, country="RU")], ("term",)),
        ([_entry(account_id=None)], [_entry()], ("id_for_handle",)),
        ([_entry()], [_entry(account_id=None, handle="@ONE")], ("handle_for_id", "renamed")),
        ([_entry(account_id=None)], [_entry(country="RU")], ("country", "id_for_handle")),
        ([_entry()], [_entry(domains=("one.example",))], ("domains",)),
        ([_entry()], [_entry(handle="uno")], ("renamed",)),
        ([_entry()], [_entry(name="One", source_url="https://example.org/2")], ("renamed",)),
        ([_entry()], [_entry(handle="uno", category="leader")], ("category", "renamed")),
    ],
)
def test_an_account_that_differs_is_one_change_of_its_kinds(
    old: list[RosterEntry], new: list[RosterEntry], kinds: tuple[str, ...]
) -> None:
    [change] = _changes(old, new)
    assert change.kinds == kinds
    assert (list(change.before), list(change.after)) == (old, new)
    assert change.only_renames == (kinds == ("renamed",))


def test_an_account_by_handle_and_another_one_by_id_with_another_handle_are_two_changes() -> None:
    changes = _changes([_entry(account_id=None)], [_entry(handle="elsewhere")])
    assert [(change.account, change.kinds) for change in changes] == [
        ("twitter:@one", ("removed",)),
        ("twitter:1", ("added",)),
    ]


def test_equal_rosters_differ_in_nothing() -> None:
    assert _changes([_entry()], [_entry()]) == ()


def test_all_changes_together_lead_from_the_old_roster_to_the_new_one_and_none_leave_it_as_it_is() -> None:
    old = Roster([_OTHER, _entry(), _entry(account_id=None, handle="three"), _entry(account_id="4", handle="four")])
    new = Roster([_OTHER, _entry(country="RU"), _entry(account_id="3", handle="three"), _entry(account_id="5")])
    changes = entry_changes(old, new)
    assert len(changes) == 4
    assert with_changes(old, changes) == new
    assert with_changes(old, ()) == old
    for change in changes:  # whichever is left out, the rest is a roster
        rest = [each for each in changes if each != change]
        assert set(change.before) <= set(with_changes(old, rest).entries)
