"""Tables: Excel's, other programs', and our own; what their columns say, and what they leave open."""

import codecs
import gzip
import json
from datetime import UTC, datetime

import pytest

from streams.core.clock import DAY_US, to_us
from streams.errors import InputError
from streams.formats.roster_lists import list_files
from tests.formats.roster_lists.importing import SAID, Import, accounts, entries

_LINE = "Emb_01", "Embassy, Paris", "France", "embassy", "https://example.org/1"
_HEADER = "handle", "name", "country", "category", "source"


def _table(delimiter: str, newline: str = "\n") -> str:
    quoted = [f'"{field}"' if delimiter in field else field for field in _LINE]
    return newline.join([delimiter.join(_HEADER), delimiter.join(quoted), ""])


@pytest.mark.parametrize(
    "data",
    [
        _table(",").encode(),
        _table(";", "\r\n").encode(),
        codecs.BOM_UTF8 + _table(";", "\r\n").encode(),
        codecs.BOM_UTF8 + b"sep=;\r\n" + _table(";", "\r\n").encode(),
        _table("\t").encode(),
        _table("|").encode(),
        codecs.BOM_UTF16_LE + _table("\t", "\r\n").encode("utf-16-le"),
        gzip.compress(_table(",").encode()),
    ],
    ids=["comma", "semicolon", "BOM", "sep=", "TSV", "bar", "Unicode text of Excel", "gz"],
)
def test_a_table_is_read_however_it_is_saved(data: bytes, imported: Import) -> None:
    result = imported(data, platforms=("twitter",))
    assert result.untaken == ()
    (entry,) = entries(result)
    assert (entry.platform, entry.handle, entry.name) == ("twitter", "Emb_01", "Embassy, Paris")
    assert (entry.country, entry.category, entry.source_url) == ("FR", "diplomat", "https://example.org/1")


def test_our_own_roster_comes_out_as_it_went_in(imported: Import) -> None:
    text = (
        "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to,domains\n"
        "twitter,700001,one,One,IR,leader,https://example.org/,2011-03-01,,khamenei.ir\n"
        'telegram,,two_channel,"Two, too",FR,state_media,https://example.org/,,2020-06-30T12:00:00+00:00,\n'
    )
    assert "".join(",".join(_quoted(row)) + "\n" for row in _rows(imported(text))) == text


def _rows(result: object) -> list[dict[str, str]]:
    rows = list(result.rows)  # type: ignore[attr-defined]
    return [dict.fromkeys(rows[0]) | row for row in ({name: name for name in _ORDER}, *rows)]


_ORDER = (
    *("platform", "account_id", "handle", "name", "country", "category", "source_url", "valid_from", "valid_to"),
    "domains",
)


def _quoted(row: dict[str, str]) -> list[str]:
    return [f'"{row[name]}"' if "," in row[name] else row[name] for name in _ORDER]


def test_the_former_column_of_our_own_rosters_is_a_country_and_elsewhere_it_may_be_texas(imported: Import) -> None:
    own = "platform,account_id,handle,name,state,category,source_url,valid_from,valid_to\n"
    result = imported(f"{own}twitter,700012,gr_min,A,EL,government,https://example.org/,,\n")
    assert [row["country"] for row in result.rows] == ["GR"]
    assert imported("twitter,state\none,CA\n", **SAID | {"country": "US"}).rows[0]["country"] == "US"


def test_supranational_codes_are_taken_and_what_the_union_writes_for_two_states(imported: Import) -> None:
    result = imported("handle,country\none,EU\ntwo,EL\nthree,UK\nfour,European Union\n", **SAID)
    assert [row["country"] for row in result.rows] == ["EU", "GR", "GB", "EU"]


def test_one_row_may_have_accounts_on_several_platforms(imported: Import) -> None:
    text = "Name,Twitter Link,Telegram Link,Facebook Link,X ID\nA,https://x.com/a_one,t.me/a_two,fb.com/a,700001\n"
    result = imported(text, **SAID | {"platforms": ()})
    assert accounts(result) == [("twitter", "700001", "a_one"), ("telegram", "", "a_two")]
    assert result.passed_over == {"accounts of facebook": 1}
    assert result.is_good


def test_only_the_platforms_that_are_asked_for_are_taken(imported: Import) -> None:
    text = "twitter,telegram\none,one_channel\n"
    options = SAID | {"platforms": ("telegram",)}
    result = imported(text, **options)
    assert accounts(result) == [("telegram", "", "one_channel")]
    assert result.passed_over == {"accounts of twitter": 1}


def test_words_of_the_list_mean_what_the_options_say(imported: Import) -> None:
    text = "handle;category;country\none;Botschaft;Frankreich\ntwo;Ministerium;France\nthree;media;FR\n"
    options = SAID | {"categories": {"botschaft": "diplomat"}, "countries": {"frankreich": "FR"}}
    result = imported(text, **options)
    assert [(row["handle"], row["country"], row["category"]) for row in result.rows] == [
        ("one", "FR", "diplomat"),
        ("three", "FR", "state_media"),
    ]
    (untaken,) = result.untaken
    assert (untaken.place, untaken.column) == ("line 3", "category")
    assert untaken.remedy == 'say which, as --category "Ministerium=state_media"'


@pytest.mark.parametrize(
    ("header", "written", "dates", "day"),
    [
        ("since", "2021-01-20", None, "2021-01-20"),
        ("since", "2021-01-20T12:30:00Z", None, "2021-01-20T12:30:00+00:00"),
        ("since", "2021-01-20T00:00:00Z", None, "2021-01-20T00:00:00+00:00"),
        ("since", "20.01.2021", None, "2021-01-20"),
        ("since", "1/20/2021", None, "2021-01-20"),
        ("since", "04.03.2021", "day first", "2021-03-04"),
        ("since", "03/04/2021", "month first", "2021-03-04"),
        ("since (DD/MM/YYYY)", "03/04/2021", None, "2021-04-03"),
        ("since", "05/05/2021", None, "2021-05-05"),
        ("since", "20 January 2021", None, "2021-01-20"),
        ("since", "", None, ""),
    ],
)
def test_days_are_read_by_locale(header: str, written: str, dates: str | None, day: str, imported: Import) -> None:
    result = imported(f"handle,{header}\none,{written}\n", **SAID, dates=dates)
    assert [row["valid_from"] for row in result.rows] == [day]


def test_the_last_day_of_a_term_is_part_of_it(imported: Import) -> None:
    (entry,) = entries(imported("handle,start,end\none,2020-01-01,31.12.2020\n", **SAID))
    assert entry.valid_to_us == to_us(datetime(2020, 12, 31, tzinfo=UTC)) + DAY_US


def test_a_term_that_goes_on_has_no_end(imported: Import) -> None:
    for words in ("present", "-", "Until now", "to date", "still in office", "bis heute", "по настоящее время", "∞"):
        assert imported(f"handle,start,end\none,2020-01-01,{words}\n", **SAID).rows[0]["valid_to"] == "", words


def test_a_day_that_may_be_two_is_asked_for(imported: Import) -> None:
    with pytest.raises(InputError, match=r"list, line 3, valid_from: '03/04/2021' may be two days") as raised:
        imported("handle,since\nzero,31/01/2021\none,03/04/2021\n", **SAID)
    assert raised.value.remedy == "say which: --dates dmy or mdy"


@pytest.mark.parametrize(
    ("written", "said"),
    [("31.04.2021", "no day of the calendar"), ("01/31/20", "year of two digits"), ("44216", "spreadsheet's number")],
)
def test_what_is_no_day_is_named(written: str, said: str, imported: Import) -> None:
    result = imported(f"handle,since\none,{written}\n", **SAID)
    assert result.rows == ()
    assert said in result.untaken[0].what


def test_a_row_of_another_width_is_named_and_costs_no_other(imported: Import) -> None:
    result = imported("handle,name\none,One\ntwo,Two, too\nthree,Three,,\n", **SAID)
    assert [handle for _, _, handle in accounts(result)] == ["one", "three"]
    assert [(each.place, each.what) for each in result.untaken] == [("line 3", "3 fields where 2 belong")]


@pytest.mark.parametrize(
    ("encoding", "header", "names"),
    [
        (
            "cp1252",
            "numéro;catégorie d'élu;handle;name",
            ["Présidence de la République française", "Ministère de l'Économie à Paris", "Où être élu député, à Évry"],
        ),
        ("cp1251", "handle;name", ["Министерство иностранных дел Российской Федерации", "Посольство России"]),
    ],
)
def test_a_table_in_an_older_encoding_is_read_and_the_guess_is_said(
    encoding: str, header: str, names: list[str], imported: Import
) -> None:
    before = ";" * (header.count(";") - 1)
    rows = "".join(f"{before}h{n};{name}\r\n" for n, name in enumerate(names))
    result = imported(f"{header}\r\n{rows}".encode(encoding), **SAID)
    assert [row["name"] for row in result.rows] == names
    assert result.guessed == (encoding,)


def test_a_broken_line_of_utf_8_is_named_with_the_remedy(imported: Import) -> None:
    result = imported("handle;name\none;Télé\n".encode() + b"two;T\xe9l\xe9\nthree;Three\n", **SAID)
    assert [handle for _, _, handle in accounts(result)] == ["one", "three"]
    assert result.guessed == ()
    assert [(each.place, "UTF-8" in each.remedy) for each in result.untaken] == [("line 3", True)]


def test_a_table_without_a_header_is_named(imported: Import) -> None:
    result = imported("@one;Embassy of France;FR\n@two;Embassy of Spain;ES\n", **SAID)
    assert result.rows == ()
    assert result.untaken[0].remedy == "name the columns in the first line, such as handle,name,country"


def test_a_table_without_accounts_says_which_columns_it_has(imported: Import) -> None:
    with pytest.raises(InputError, match="has no column of accounts; it has: name, born") as raised:
        imported("name,born\nA,1970\n", **SAID)
    assert "profile_url" in raised.value.remedy


def test_the_report_says_as_what_the_columns_were_read(imported: Import) -> None:
    result = imported("Screen Name,Land,Country\none,x,FR\n", **SAID)
    assert result.columns == {"Screen Name": "handle", "Country": "country"}


def test_sites_of_media_are_domains_and_hosts_that_others_share_are_not(imported: Import) -> None:
    text = "handle,website\n" + "".join(
        f"h{n},{site}\n"
        for n, site in enumerate(
            [
                "https://www.example.org/fr/",
                "news.example.org",
                "https://www.facebook.com/one",
                "https://example.com/~one/",
                "www.gov.za",
                "",
            ]
        )
    )
    assert [row["domains"] for row in imported(text, **SAID).rows] == [
        "example.org",
        "news.example.org",
        "",
        "",
        "www.gov.za",
        "",
    ]


def test_a_name_is_put_on_one_line(imported: Import) -> None:
    assert imported('handle,name\none,"A\n  \u202eB\x07"\n', **SAID).rows[0]["name"] == "A B"


def test_a_cell_of_a_hundred_thousand_sites_costs_no_more_than_a_row_may_hold(imported: Import) -> None:
    sites = " ".join(f"a{n}.example.org" for n in range(100_000))
    result = imported(json.dumps([{"handle": "one", "website": sites}]), **SAID)
    assert result.rows[0]["domains"].split() == [f"a{n}.example.org" for n in range(20)]


def test_the_report_names_a_hundred_columns_at_most(imported: Import) -> None:
    result = imported(json.dumps([{f"handle ({n})": f"h{n}" for n in range(300)}]), **SAID)
    assert len(result.columns) == 100


def test_more_text_than_a_roster_may_have_is_refused(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "MAX_ROSTER_BYTES", 1_000)
    with pytest.raises(InputError, match="holds more than"):
        imported(json.dumps([{f"key {n}": "" for n in range(200)}]), **SAID)


@pytest.mark.slow
def test_more_entries_than_a_list_may_have_are_refused(imported: Import) -> None:
    with pytest.raises(InputError, match="has more than 250,000 entries"):
        imported("a\n" * 250_001, **SAID)
