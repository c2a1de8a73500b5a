"""Handles, addresses of profiles and ids, as people write them."""

import pytest

from tests.formats.roster_lists.importing import SAID, Import, accounts

_TWITTER = ("twitter", "", "Emb_01")


@pytest.mark.parametrize(
    "written",
    [
        "Emb_01",
        "@Emb_01",
        ".@Emb_01",
        "＠Emb_01",
        "  @Emb_01  ",
        "\u200e@Emb_01\u200f",
        "@\u200bEmb_01",
        "https://twitter.com/Emb_01",
        "http://www.twitter.com/Emb_01/",
        "https://mobile.twitter.com/Emb_01?lang=fr",
        "https://x.com/Emb_01/status/1234567890",
        "twitter.com/#!/Emb_01",
        "x.com/Emb_01",
        "(@Emb_01)",
        "Foreign Ministry (@Emb_01)",
        "Foreign Ministry @Emb_01",
        "@Emb_01 (official)",
        "https://x.com/Emb_01 (EN)",
        "https://twitter.com/intent/user?screen_name=Emb_01",
    ],
)
def test_a_handle_is_taken_however_it_is_written(written: str, imported: Import) -> None:
    assert accounts(imported(f"{written}\n", **SAID)) == [_TWITTER]


@pytest.mark.parametrize("header", ["", "screen_name\n", "# Embassies\n\n", "# Embassies\nTwitter Link\n"])
def test_a_list_of_handles_may_have_remarks_and_a_name(header: str, imported: Import) -> None:
    result = imported(f"{header}one\n\n# closed: two\nthree\n", **SAID)
    assert [handle for _, _, handle in accounts(result)] == ["one", "three"]
    assert (result.untaken, result.entries) == ((), 2)


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("https://t.me/s/mid_rf", ("telegram", "", "mid_rf")),
        ("https://bsky.app/profile/embassy.example.org", ("bluesky", "", "embassy.example.org")),
        (
            "https://bsky.app/profile/did:plc:ewvi7nxzyoun6zhxrhs64oiz",
            ("bluesky", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", ""),
        ),
        ("https://x.com/i/user/783214", ("twitter", "783214", "")),
        ("https://twitter.com/intent/user?user_id=783214", ("twitter", "783214", "")),
    ],
)
def test_an_address_says_its_platform(written: str, account: tuple[str, str, str], imported: Import) -> None:
    assert accounts(imported(f"{written}\n", **SAID | {"platforms": ()})) == [account]


@pytest.mark.parametrize(
    ("cell", "handles"),
    [
        ("Emb_01;Emb_02", ["Emb_01", "Emb_02"]),
        ('"Emb_01, Emb_02"', ["Emb_01", "Emb_02"]),
        ("@Emb_01 @Emb_02", ["Emb_01", "Emb_02"]),
        ("@Emb_01 & @Emb_02", ["Emb_01", "Emb_02"]),
        ("@Emb_01; @Emb_02", ["Emb_01", "Emb_02"]),
        ("@Emb_01 and @Emb_02", ["Emb_01", "Emb_02"]),
        ('"@Emb_01, @Emb_02 und @Emb_03"', ["Emb_01", "Emb_02", "Emb_03"]),
        ("@Emb_01/@Emb_02", ["Emb_01", "Emb_02"]),
        ("@Emb_01 / @Emb_02", ["Emb_01", "Emb_02"]),
        ('"@Emb_01\n@Emb_02"', ["Emb_01", "Emb_02"]),
        ("https://x.com/Emb_01 | https://x.com/Emb_02", ["Emb_01", "Emb_02"]),
        ("Emb_01;emb_01", ["Emb_01"]),
    ],
)
def test_several_handles_in_one_cell_are_several_accounts(cell: str, handles: list[str], imported: Import) -> None:
    assert [handle for _, _, handle in accounts(imported(f"handle,name\n{cell},A\n", **SAID))] == handles


@pytest.mark.parametrize(
    "written",
    [
        "Ministry of Foreign Affairs",
        *("Emb_01 (official)", "Former minister (@Emb_01)", "@Emb_01 (suspended)", "@Emb_01, formerly @Emb_02"),
        *("facebook: @Emb_01", "Telegram @Emb_01", "@Emb_01 (2019)", "@Emb_01/embassies", "Emb_01 and Emb_02"),
        "Emb_01 Emb_02",
        "emb-01",
        "emb@example.org",
        "https://example.org/Emb_01",
        "https://twitter.com/hashtag/Emb_01",
        "https://twitter.com/",
        "a" * 21,
        "@",
        "посольство",
    ],
)
def test_what_is_no_handle_is_named(written: str, imported: Import) -> None:
    result = imported(f"@good\n{written}\n", **SAID)
    assert accounts(result) == [("twitter", "", "good")]
    assert [(each.place, each.column) for each in result.untaken] == [("line 2", "handle")]
    assert not result.is_good


def test_ids_in_the_column_of_handles_are_noticed(imported: Import) -> None:
    """A handle of digits alone can be given too, by its address."""
    result = imported("handle\n2000000001\nhttps://x.com/2000000002\n911\n", **SAID)
    assert accounts(result) == [("twitter", "", "2000000002"), ("twitter", "", "911")]
    (untaken,) = result.untaken
    assert (untaken.place, untaken.column) == ("line 2", "handle")
    assert "account_id" in untaken.remedy


def test_handles_in_the_column_of_ids_are_noticed(imported: Import) -> None:
    result = imported("handle,account_id\nEmb_01,@Emb_01\n700002,Emb_02\n", **SAID)
    assert accounts(result) == []
    assert {(each.place, each.column) for each in result.untaken} == {
        ("line 2", "account_id"),
        ("line 3", "account_id"),
    }
    assert all("a handle under handle" in each.remedy for each in result.untaken)


def test_a_profile_of_another_account_than_the_handle_is_said(imported: Import) -> None:
    """So looks a column that is shifted by a row. An address of anything else says nothing of the account."""
    rows = "one,https://x.com/one\ntwo,https://x.com/THREE\nthree,https://t.me/other\nfour,https://example.org/five\n"
    result = imported(f"handle,profile_url\n{rows}", **SAID)
    assert [handle for _, _, handle in accounts(result)] == ["one", "three", "four"]
    (untaken,) = result.untaken
    assert (untaken.place, untaken.column) == ("line 3", "handle")
    assert "shifted" in untaken.remedy


def test_two_handles_beside_one_id_are_refused(imported: Import) -> None:
    result = imported('handle,account_id,name\n"@one, @two",700001,A\n', **SAID)
    assert result.rows == ()
    assert "2 handles beside one id" in result.untaken[0].what


def test_a_handle_of_no_known_platform_is_asked_for_with_all_else_that_is_missing(imported: Import) -> None:
    result = imported("one\ntwo\n")
    assert result.rows == ()
    assert (result.not_taken, result.untaken_by_column) == (
        2,
        {"platform": 2, "country": 2, "category": 2, "source_url": 2},
    )
    remedies = " ".join(each.remedy for each in result.untaken)
    for option in ("--platform", "--country", "--category", "--source"):
        assert option in remedies


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("1345678901234567890", "1345678901234567890"),
        ("2000000001.0", "2000000001"),
        ("'1345678901234567890", "1345678901234567890"),
        ('"=""1345678901234567890"""', "1345678901234567890"),
        ("ID_1345678901234567890", "1345678901234567890"),
        ('"2,000,000,001"', "2000000001"),
        ("2 000 000 001", "2000000001"),
        ("2.000.000.001", "2000000001"),
    ],
)
def test_an_id_is_taken_out_of_what_protects_it(written: str, known: str, imported: Import) -> None:
    assert accounts(imported(f"handle,account_id\nEmb_01,{written}\n", **SAID)) == [("twitter", known, "Emb_01")]


@pytest.mark.parametrize("written", ["1.2E+18", '"1,34568E+18"', "1.34567890123457e+18", "1345678901234567890.0"])
def test_an_id_that_a_spreadsheet_has_damaged_is_refused_with_the_reason(written: str, imported: Import) -> None:
    result = imported(f"handle,account_id\nEmb_01,{written}\nEmb_02,700002\n", **SAID)
    assert accounts(result) == [("twitter", "700002", "Emb_02")]
    (untaken,) = result.untaken
    assert (untaken.place, untaken.column) == ("line 2", "account_id")
    assert "spreadsheet" in untaken.what
    assert "--without-ids" in untaken.remedy


def test_without_ids_the_same_entry_is_taken_by_its_handle(imported: Import) -> None:
    result = imported("handle,account_id\nEmb_01,1.2E+18\n", **SAID, without_ids=True)
    assert accounts(result) == [("twitter", "", "Emb_01")]


def test_ids_that_all_end_in_zeros_are_refused_together(imported: Import) -> None:
    rows = "".join(f"Emb_{n},13456789012345{n}000\n" for n in range(10, 18))
    result = imported(f"handle,account_id\n{rows}Old,2000000001\n", **SAID)
    assert accounts(result) == [("twitter", "2000000001", "Old")]
    assert result.untaken_by_column == {"account_id": 8}
    rows = "".join(f"Emb_{n},13594117814322{n}00\n" for n in (463, 464, 511))
    assert imported(f"handle,account_id\n{rows}", **SAID).untaken_by_column == {"account_id": 3}


@pytest.mark.parametrize("written", ["None", "12345abc", "0", "-5", "12 34", "x" * 300])
def test_what_is_no_id_is_named_or_empty(written: str, imported: Import) -> None:
    result = imported(f"handle,account_id\nEmb_01,{written}\n", **SAID)
    if written == "None":
        assert accounts(result) == [("twitter", "", "Emb_01")]
    else:
        assert [each.column for each in result.untaken] == ["account_id"]


def test_numbers_of_rows_are_no_ids_of_accounts(imported: Import) -> None:
    rows = "".join(f"{n},Emb_{n}\n" for n in range(1, 4))
    assert accounts(imported(f"id,handle\n{rows}", **SAID)) == [("twitter", "", f"Emb_{n}") for n in range(1, 4)]


def test_a_column_that_is_called_id_alone_has_ids_where_all_are_long(imported: Import) -> None:
    result = imported("id,username\n700001,one\n700002,two\n", **SAID)
    assert accounts(result) == [("twitter", "700001", "one"), ("twitter", "700002", "two")]


def test_a_channel_of_telegram_is_named_as_events_name_it(imported: Import) -> None:
    result = imported("telegram_id,name\n-1001234567890,A\n", **SAID | {"platforms": ()})
    assert accounts(result) == [("telegram", "channel1234567890", "")]
