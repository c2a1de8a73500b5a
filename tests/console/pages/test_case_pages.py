"""The bundled case on its pages: what a person reads is what `.json` gives is what the topics have."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.console.store.reading import Store
from streams.console.web.answers import RefusedRequest
from tests.console.case_records import in_file
from tests.console.pages.asked import Asked, Dom, ask

SUBJECT = "twitter:1280000000000000001"
ACCOUNT = f"/accounts/{SUBJECT}"


def of_topic(folder: Path, topic: str) -> Any:
    """The one record of the account."""
    [record] = [each for each in in_file(folder, topic) if each.subject.id == SUBJECT.partition(":")[2]]
    return record


def as_json(record: Any) -> Any:
    """The record as somebody reads it who does not know its type."""
    return msgspec.json.decode(msgspec.json.encode(record))


@pytest.fixture(scope="module")
def account(case_store: Store) -> Asked:
    return ask(case_store, ACCOUNT)


@pytest.fixture(scope="module")
def aftermath(case_store: Store, case_folder: Path) -> Asked:
    return ask(case_store, f"/aftermaths/{of_topic(case_folder, 'aftermaths').id}")


@pytest.mark.slow
def test_the_account_shows_the_dossier_of_the_topic(account: Asked, case_folder: Path) -> None:
    """Figure for figure, in words, in tables and as JSON."""
    dossier, dom = of_topic(case_folder, "dossiers"), account.dom
    assert account.json["dossier"] == as_json(dossier)
    assert dom.by_id("amplified").numbers == [dossier.totals.retweet + dossier.totals.quote] == [84]
    assert dom.by_id("distinct-officials").numbers == [dossier.distinct_officials] == [19]
    assert dom.by_id("score-total").numbers == [dossier.score.total]
    shown = [
        (row[0].text, *row[3].numbers, *row[4].numbers)
        for row in dom.rows("The officials, those with most amplifications first")
    ]
    assert shown == [(f"@{each.handle}", each.retweets, each.quotes) for each in dossier.officials]
    windows = {row[0].text: tuple(row[1].numbers + row[2].numbers) for row in _rows(dom, "The time that ends")}
    assert windows == {name: (each.amplifications, each.distinct_officials) for name, each in dossier.windows.items()}
    assert [row[1].numbers for row in _rows(dom, "Its own posts that link")] == [[98]]


def test_an_analyst_finds_the_37_retweets_by_the_top_official(account: Asked, case_store: Store) -> None:
    """They stand at the top of the page, and a click on the number lists them, each with a post and its evidence."""
    dom = account.dom
    assert dom.by_id("by-top-official").numbers == [37]
    assert "37 times by @Khamenei_fa alone" in dom.root.all("p")[0].text + dom.root.text
    top = dom.rows("The officials, those with most amplifications first")[0]
    assert top[0].text == "@Khamenei_fa"
    [link] = top[3].all("a")
    listed = ask(case_store, link.attributes["href"].partition("#")[0])
    rows = listed.dom.rows("Amplifications, the newest first")
    assert len(rows) == 37
    assert {row[1].all("a")[0].text for row in rows} == {"@Khamenei_fa"}
    posts = [row[3].all("a")[0] for row in rows]
    own = [f"https://x.com/Khamenei_fa/status/{each['id']}" for each in listed.json["amplifications"]]
    assert [post.attributes["href"] for post in posts] == own
    assert [post.all("bdi")[0].text for post in posts] == [link.rpartition("/")[2] for link in own], "the id shown"
    assert all(each["sha256"] for each in listed.json["amplifications"])


def test_a_score_is_the_sum_of_its_terms(account: Asked) -> None:
    """On the page, term by term, as in the record."""
    *terms, total = account.dom.rows("The terms of the state-engagement score")
    record = account.json["dossier"]["score"]
    assert [row[2].numbers for row in terms] == [[term["points"]] for term in record["contributions"]]
    assert total[2].numbers == [record["total"]]
    assert sum(row[2].numbers[0] for row in terms) == pytest.approx(record["total"])


def test_texts_stand_side_by_side_with_what_they_share(account: Asked) -> None:
    """From the kept bytes: marked in both, and nothing is marked that the other has not."""
    matches = account.json["matches"]
    assert len(matches) == 5
    for match in matches:
        for side in ("own", "official"):
            assert match[side]["absent"] == ""
            assert match[side]["sha256"]
            assert any(part["shared"] for part in match[side]["parts"])
    marked = [each.text for each in account.dom.root.all("mark")]
    assert len(marked) >= 10
    assert marked[0].split()[0] == matches[0]["own"]["parts"][1]["text"].split()[0]


def test_the_aftermath_shows_the_record_of_the_topic(aftermath: Asked, case_folder: Path) -> None:
    """References, deletions, expected ones and silence, at the top and as JSON."""
    record, dom = of_topic(case_folder, "aftermaths"), aftermath.dom
    assert aftermath.json["aftermath"] == as_json(record)
    for name, value in (
        ("references", 2), ("references-before", 16), ("deletions", 9), ("expected-deletions", 0),
        ("silent-officials", 17),
    ):  # fmt: skip
        assert dom.by_id(name).numbers == [value] == [getattr(record, name.replace("-", "_"))]


def test_an_analyst_finds_the_two_references_after_the_suspension(aftermath: Asked, case_folder: Path) -> None:
    """With who wrote them, when, the words, and the evidence."""
    record = of_topic(case_folder, "aftermaths")
    posts = [each.text for each in aftermath.dom.root.all("blockquote")]
    assert all(each.text in posts for each in record.listed_references)
    assert [each["reference"]["handle"] for each in aftermath.json["references"]] == ["FarsNews_Agency", "EnglishFars"]
    assert all(each["sha256"] for each in aftermath.json["references"])


def test_an_analyst_finds_who_deleted_what(aftermath: Asked, case_folder: Path) -> None:
    """By account, by language, and each post with its words, folded until somebody opens it."""
    record, dom = of_topic(case_folder, "aftermaths"), aftermath.dom
    by_account = {row[0].text: row[1].numbers[0] for row in dom.rows("Deletions by account")}
    assert by_account == record.deletions_by_account == {"Khamenei_fa": 8, "khamenei_ir": 1}
    languages = {row[0].text: row[1].numbers[0] for row in _rows(dom, "Deletions by language")}
    assert languages == record.deletions_by_language
    rows = dom.rows("Deleted posts, in the order of their deletion")
    assert len(rows) == 9
    for row, deletion in zip(rows, sorted(record.listed_deletions, key=lambda each: each.deleted_at), strict=True):
        assert row[1].text == f"@{deletion.handle}"
        [details] = row[7].all("details")
        assert "open" not in details.attributes
        assert details.all("blockquote")[0].text == " ".join(deletion.text.split())


def test_the_silent_are_named(aftermath: Asked, case_folder: Path) -> None:
    """As many as the record counts; with what they posted meanwhile."""
    silent = [each for each in of_topic(case_folder, "aftermaths").officials if each.silent]
    rows = aftermath.dom.rows("Silent officials")
    assert [row[0].text for row in rows] == [f"@{each.handle}" for each in silent]
    assert [row[3].numbers for row in rows] == [[each.posts] for each in silent]


def test_a_figure_has_its_numbers_in_a_table(aftermath: Asked, account: Asked, case_store: Store) -> None:
    """For those who do not see it: each figure of each page."""
    for page in (aftermath, account, ask(case_store, "/countries/IR")):
        figures = page.dom.root.all("figure")
        assert len(figures) == len(page.answer.figures) > 0
        for figure in figures:
            assert figure.all("svg")
            assert figure.all("table")
            assert figure.all("title")[0].text
            assert figure.all("desc")[0].text


def test_the_matrix_is_that_of_the_dossiers(case_store: Store, case_folder: Path) -> None:
    """Each pair of it, on the page and in the figure."""
    asked = ask(case_store, "/countries/IR")
    pairs = {
        (f"@{official.handle}", f"twitter:{dossier.subject.id}"): official.retweets + official.quotes
        for dossier in in_file(case_folder, "dossiers")
        for official in dossier.officials
    }
    rows = asked.dom.rows("Amplifications of each account by each official")
    assert len(rows) > 100
    for row in rows:
        key = row[1].all("a")[0].attributes["href"].removeprefix("/accounts/")
        assert row[2].numbers == [pairs[row[0].text, key]]
    assert "@Khamenei_fa → @Khamenei_site: 37 amplifications" in asked.html
    assert asked.json["matrix"]["subjects_total"] == len(asked.json["matrix"]["subjects"]) + asked.json["more_accounts"]


def test_search_finds_names_profiles_officials_and_texts(case_store: Store) -> None:
    """In whatever spelling; and says what to do where there is nothing."""
    for asked in (
        "khamenei site",
        "@Khamenei_site",
        "https://twitter.com/Khamenei_site",
        SUBJECT,
        "1280000000000000001",
    ):
        found = ask(case_store, f"/accounts?q={asked}")
        assert [row["key"] for row in found.json["rows"]] == [SUBJECT], asked
    officials = ask(case_store, "/accounts?q=FarsNews").json["officials"]
    assert [each["key"] for each in officials] == ["twitter:90000007063"]
    texts = ask(case_store, "/accounts?q=خارج از دسترس").json["texts"]
    assert texts[0]["text"] == "حساب @Khamenei_site از دسترس خارج شد."
    nothing = ask(case_store, "/accounts?q=nobody-has-this")
    assert "Type the handle as it is now" in nothing.dom.root.text
    assert "Take out a part of the filter" in ask(case_store, "/accounts?min=100").dom.root.text


def test_accounts_are_sorted_and_bounded_as_asked(case_store: Store) -> None:
    """By score, by amplifications, or the newest first; from a score on."""
    for sort, field in (("score", "score"), ("amplifications", "amplifications"), ("newest", "last_amplified_at")):
        rows = ask(case_store, f"/accounts?sort={sort}").json["rows"]
        values = [row[field] for row in rows]
        assert values == sorted(values, reverse=True)
    assert min(row["score"] for row in ask(case_store, "/accounts?min=50").json["rows"]) >= 50


def test_an_official_shows_whom_it_amplified(case_store: Store) -> None:
    """With its terms and their source, its part in aftermaths, and its newest amplifications."""
    asked = ask(case_store, "/officials/twitter:90000001009")
    first = asked.dom.rows("Accounts that it amplified")[0]
    assert (first[0].text, first[1].numbers, first[2].numbers) == ("@Khamenei_site", [37], [84])
    assert asked.json["terms"][0]["entry"]["source_url"].startswith("https://")
    [part] = asked.json["aftermaths"]
    assert (part["deletions"], part["silent"]) == (8, True)


def test_every_amplification_of_an_official_is_listed_on_its_pages(case_store: Store, case_folder: Path) -> None:
    """The newest first; links lead on, and back."""
    own = [each for each in in_file(case_folder, "amplifications") if each.official.id == "90000001009"]
    address, found, pages = "/officials/twitter:90000001009", list[str](), list[str]()
    while address:
        asked = ask(case_store, address.partition("#")[0])
        found += [row[4].all("a")[0].text for row in asked.dom.rows("Its amplifications")]
        pages.append(address)
        links = asked.dom.links()
        address = next((link for link in links if "?older=" in link and "#" in link), "")
    assert found == [each.id for each in sorted(own, key=lambda each: (each.at, each.id), reverse=True)]
    assert len(pages) == -(-len(own) // 25) > 2
    [back] = [link for link in links if "?newer=" in link and "#" in link]
    assert ask(case_store, back.partition("#")[0]).json["latest"][0]["id"] == found[25 * (len(pages) - 2)]


def test_rules_say_in_words_how_often_they_held_and_how_early(case_store: Store) -> None:
    """From the alerts in the store; and the file as it was read."""
    asked = ask(case_store, "/rules")
    sustained = next(each for each in asked.json["newest"] if each["name"] == "new-account-sustained")
    assert (sustained["held"], sustained["leads"], sustained["lead_days"]) == (1, 1, 121.24)
    [file] = asked.json["rows"]
    one = ask(case_store, f"/rules/{sustained['digest']}")
    assert one.json["asked"] == "new-account-sustained"
    assert one.json["line"]["digest"] == file["digest"]
    assert "[rules.new-account-sustained]" in one.json["text"]


def test_a_roster_lists_every_entry_with_its_source(case_store: Store) -> None:
    """And a part of them by a filter."""
    [line] = ask(case_store, "/rosters").json["rows"]
    whole = ask(case_store, f"/rosters/{line['digest']}")
    assert whole.json["entries"] == len(whole.json["rows"]) == 19
    leaders = ask(case_store, f"/rosters/{line['digest'][:12]}?category=leader")
    assert leaders.json["found"] == len(leaders.dom.rows("Entries")) == 6
    same = ask(case_store, f"/rosters/{line['digest']}...{line['digest']}")
    assert "Nothing differs." in same.dom.root.text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/accounts/twitter:nobody", 404), ("/accounts/nobody", 404), ("/aftermaths/x", 404), ("/countries/iran", 404),
        ("/officials/twitter:1", 404), ("/rosters/0123456789", 404), ("/rules/x", 404), ("/rosters/a...b", 404),
        ("/accounts?min=many", 400), ("/accounts?sort=best", 400), ("/accounts?after=x", 400), ("/accounts?foo=1", 400),
        ("/aftermaths?status=over", 400), ("/accounts?country=XX", 400), ("/corrections?page=2", 400),
        (f"{ACCOUNT}?before=1.x", 400),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_a_remedy(case_store: Store, address: str, status: int) -> None:
    """As not there, or as a question that nobody can answer."""
    with pytest.raises(RefusedRequest) as refused:
        ask(case_store, address)
    assert refused.value.status == status
    assert len(refused.value.remedy) > 10


def _rows(dom: Dom, begins: str) -> list[list[Any]]:
    [caption] = [each.text for each in dom.root.all("caption") if each.text.startswith(begins)]
    return dom.rows(caption)
