"""How two rosters differ: by kind of change, account by account, renames apart."""

import pytest

from streams.core.corrections.entry_changes import EntryChange, entry_changes, with_changes
from streams.core.rosters.roster import Roster, RosterEntry
from tests.core.corrections.entries import entry

_OTHER = entry(account_id="2", handle="two")


def _changes(old: list[RosterEntry], new: list[RosterEntry]) -> tuple[EntryChange, ...]:
    return entry_changes(Roster([_OTHER, *old]), Roster([_OTHER, *new]))


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ([entry()], [], ("removed",)),
        ([], [entry()], ("added",)),
        ([entry()], [entry(country="RU")], ("country",)),
        ([entry()], [entry(category="leader")], ("category",)),
        ([entry()], [entry(valid_from_us=5)], ("term",)),
        ([entry()], [entry(valid_to_us=5, country="RU")], ("country", "term")),
        ([entry()], [entry(valid_to_us=5), entry(valid_from_us=5, country="RU")], ("term",)),
        ([entry(account_id=None)], [entry()], ("id_for_handle",)),
        ([entry()], [entry(account_id=None, handle="@ONE")], ("handle_for_id", "renamed")),
        ([entry(account_id=None)], [entry(country="RU")], ("country", "id_for_handle")),
        ([entry()], [entry(domains=("one.example",))], ("domains",)),
        ([entry()], [entry(handle="uno")], ("renamed",)),
        ([entry()], [entry(name="One", source_url="https://example.org/2")], ("renamed",)),
        ([entry()], [entry(handle="uno", category="leader")], ("category", "renamed")),
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
    changes = _changes([entry(account_id=None)], [entry(handle="elsewhere")])
    assert [(change.account, change.kinds) for change in changes] == [
        ("twitter:@one", ("removed",)),
        ("twitter:1", ("added",)),
    ]


def test_equal_rosters_differ_in_nothing() -> None:
    assert _changes([entry()], [entry()]) == ()


def test_all_changes_together_lead_from_the_old_roster_to_the_new_one_and_none_leave_it_as_it_is() -> None:
    old = Roster([_OTHER, entry(), entry(account_id=None, handle="three"), entry(account_id="4", handle="four")])
    new = Roster([_OTHER, entry(country="RU"), entry(account_id="3", handle="three"), entry(account_id="5")])
    changes = entry_changes(old, new)
    assert len(changes) == 4
    assert with_changes(old, changes) == new
    assert with_changes(old, ()) == old
    for change in changes:  # whichever is left out, the rest is a roster
        rest = [each for each in changes if each != change]
        assert set(change.before) <= set(with_changes(old, rest).entries)
