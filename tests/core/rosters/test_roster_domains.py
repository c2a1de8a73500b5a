"""A link belongs to the officials who have its domain on the roster at the time, and to nobody else."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cases import KHAMENEI_SITE
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_file import parse_roster
from streams.core.rosters.roster_log import RosterLog, publication

_DOMAINS = ("gov.ir", "office.gov.ir", "khamenei.ir", "xn--80aswg.xn--p1ai")
_HOSTS = (*_DOMAINS, "a.office.gov.ir", "www.a.khamenei.ir", "notkhamenei.ir", "khamenei.ir.example.org", "ir", "gov")


def _entry(account: int, **changes: object) -> RosterEntry:
    fields = {
        "platform": "twitter",
        "account_id": str(account),
        "country": "IR",
        "category": "leader",
        "source_url": "https://example.org/",
    }
    return RosterEntry(**(fields | changes))  # type: ignore[arg-type]  # by design, from a table


_bound = st.none() | st.integers(0, 9)
_terms = st.tuples(st.sets(st.sampled_from(_DOMAINS)), st.sampled_from(["IR", "FR"]), _bound, _bound).filter(
    lambda term: term[2] is None or term[3] is None or term[2] < term[3]
)
_rosters = st.lists(_terms, max_size=6).map(
    lambda terms: [
        _entry(number, domains=tuple(sorted(domains)), country=country, valid_from_us=from_us, valid_to_us=to_us)
        for number, (domains, country, from_us, to_us) in enumerate(terms)
    ]
)


@pytest.mark.slow
def test_the_answer_is_that_of_reading_every_entry() -> None:
    """At every moment; the longest of the domains in force that is the host or ends it, and all its States."""
    covered: Counter[str] = Counter()

    @settings(max_examples=100)
    @given(_rosters)
    def check(entries: list[RosterEntry]) -> None:
        roster = Roster(entries)
        assert roster.domains == tuple(sorted({domain for entry in entries for domain in entry.domains}))
        for host in _HOSTS:
            for at_us in range(-1, 11):
                owners: dict[str, set[str]] = {}
                for entry in entries:
                    begun = entry.valid_from_us is None or entry.valid_from_us <= at_us
                    if begun and (entry.valid_to_us is None or at_us < entry.valid_to_us):
                        for domain in entry.domains:
                            if f".{host}".endswith(f".{domain}"):
                                owners.setdefault(domain, set()).add(entry.country)
                expected = max(owners, key=len, default=None)
                found = roster.domain_of(f"https://{host}/path", at_us)
                assert found == (None if expected is None else (expected, tuple(sorted(owners[expected]))))
                covered["nobody's"] += found is None
                covered["two States"] += found is not None and len(found[1]) == 2
                covered["below"] += found is not None and found[0] != host
                covered["one of two"] += len(owners) == 2

    check()
    assert min(covered.values()) > 5, covered


def test_rosters_without_domains_keep_the_digests_they_had() -> None:
    """Taken before there were domains."""
    assert (
        Roster([_entry(1), _entry(2, handle="two", valid_from_us=5)]).digest
        == "ed073d2e25eba7dea73b9cef6cc0cd340c68d229840286ef161b8450c0a93d39"
    )


def test_domains_are_part_of_the_digest() -> None:
    one, other = (Roster([_entry(1, domains=(domain,))]) for domain in ("khamenei.ir", "gov.ir"))
    assert len({Roster([_entry(1)]).digest, one.digest, other.digest}) == 3


@given(_rosters)
def test_domains_travel_through_the_topic(entries: list[RosterEntry]) -> None:
    roster, log = Roster(entries), RosterLog()
    for key, value in publication([], roster):
        log.apply(key, value)
    assert log.roster == roster
    assert log.roster.domains == roster.domains


def test_an_entry_without_domains_is_written_as_it_was_before() -> None:
    assert b"domains" not in msgspec.json.encode(_entry(1))


@pytest.mark.parametrize(
    "domain", ["Khamenei.ir", "khamenei.ir.", "https://khamenei.ir", "ir", "127.0.0.1", "", "сайт.рф"]
)
def test_a_roster_never_holds_a_domain_that_no_link_could_match(domain: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        Roster([_entry(1, domains=(domain,))])


def test_the_bundled_case_has_the_leaders_site() -> None:
    roster = parse_roster(KHAMENEI_SITE.roster.read_bytes(), "roster.csv")
    assert roster.domain_of("https://farsi.khamenei.ir/made-up-example/1234", 0) == ("khamenei.ir", ("IR",))
    assert [bool(entry.domains) for entry in roster.entries] == [e.category == "leader" for e in roster.entries]
