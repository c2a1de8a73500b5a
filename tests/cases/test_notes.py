"""What is said of whatever rests on the officials of a bundled case or of a sample."""

import pytest

from streams.cases import KHAMENEI_SITE, note_on, official_keys
from streams.cases.sample import SAMPLE_ROSTER
from streams.core.rosters.roster_file import parse_roster

_OF_A_CASE = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster").entries[0].account_key
_OF_A_SAMPLE = parse_roster(SAMPLE_ROSTER.encode(), "roster").entries[0].account_key


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        ([_OF_A_CASE, "twitter:12"], "Reconstruction, not evidence"),
        ([_OF_A_SAMPLE, "twitter:12"], "A sample, not evidence"),
        ([_OF_A_SAMPLE, _OF_A_CASE], "Reconstruction, not evidence"),
    ],
)
def test_what_is_made_up_is_said_by_its_officials(accounts: list[str], words: str) -> None:
    assert official_keys() >= {_OF_A_CASE, _OF_A_SAMPLE}
    assert note_on(accounts).startswith(words)


def test_nothing_is_said_of_real_accounts() -> None:
    assert note_on(["twitter:12", "sample-of-a-name:1"]) == ""
