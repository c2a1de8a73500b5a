"""What a worker can tell of the roster's handles: several accounts had one, or one account acted in several terms."""

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.handle_use import HandleUse
from streams.core.subject_event import Coordinates

_NOTHING = {"several_ids": (), "one_id_in_several_terms": ()}


def _entry(
    handle: str, account_id: str | None = None, since: int | None = None, until: int | None = None
) -> RosterEntry:
    return RosterEntry(
        platform="twitter",
        account_id=account_id,
        handle=handle,
        country="IR",
        category="diplomat",
        source_url="https://example.org",
        valid_from_us=None if since is None else since * DAY_US,
        valid_to_us=None if until is None else until * DAY_US,
    )


def _post(account_id: str, handle: str, day: int) -> CountryEvent:
    return CountryEvent(
        kind="post",
        country="IR",
        platform="twitter",
        event_id=f"{account_id}-{day}",
        at_us=day * DAY_US,
        source=Coordinates("posts", 0, day),
        official=Official(id=account_id, handle=handle, country="IR", category="diplomat"),
    )


def test_two_accounts_under_one_handle_of_the_roster_are_reported() -> None:
    use = HandleUse(Roster([_entry("Mfa_Alpha"), _entry("Emb_Beta")]))
    use.note_id("twitter", "2", "Mfa_Alpha")
    use.note_id("twitter", "2", "mfa_alpha")
    use.note_id("twitter", "8", "Emb_Beta")
    assert use.findings() == _NOTHING
    use.note_id("twitter", "7", "MFA_Alpha")
    assert use.findings() == {**_NOTHING, "several_ids": ("twitter:@mfa_alpha",)}


def test_a_handle_of_an_entry_that_has_an_id_may_be_anybodys() -> None:
    """And so may one that the roster names by id from now on: the warning ends when its remedy is published."""
    use = HandleUse(Roster([_entry("Mfa_Alpha")]))
    for account_id in ("2", "7"):
        use.note_id("twitter", account_id, "Mfa_Alpha")
    assert use.findings()["several_ids"]
    use.use(Roster([_entry("Mfa_Alpha", "2")]))
    assert use.findings() == _NOTHING


def test_one_account_in_two_terms_of_a_handle_is_reported() -> None:
    use = HandleUse(Roster([_entry("Speaker_A", until=20), _entry("Speaker_A", since=20), _entry("Emb_Beta")]))
    for day in (30, 40):
        use.see(_post("5", "Speaker_A", day))
        use.see(_post("6", "Emb_Beta", day))
    assert use.findings() == _NOTHING
    use.see(_post("5", "speaker_a", 10))
    assert use.findings() == {**_NOTHING, "one_id_in_several_terms": ("twitter:@speaker_a",)}


def test_a_crowd_under_one_handle_stays_bounded() -> None:
    use = HandleUse(Roster([_entry("Speaker_A", until=20), _entry("Speaker_A", since=20)]))
    for number in range(1_000):
        use.note_id("twitter", str(number), "Speaker_A")
        use.see(_post(str(number), "Speaker_A", number % 40))
    assert len(use._ids["twitter", "speaker_a"]) == len(use._terms["twitter", "speaker_a"]) == 8
