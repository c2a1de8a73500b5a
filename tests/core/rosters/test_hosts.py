"""A link's host is the one a browser asks, whatever a stranger does to the address."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rosters.hosts import MAX_HOST, host_name, link_host

_labels = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True).filter(
    # Two hyphens there announce an international name, and must be followed by one.
    lambda label: label[2:4] != "--"
)
_hosts = st.lists(_labels, min_size=2, max_size=5).filter(lambda labels: not labels[-1][0].isdigit()).map(".".join)


@st.composite
def _links(draw: st.DrawFn, host: str) -> str:
    """An address that leads to the host, written as oddly as a browser still understands."""
    scheme = draw(st.sampled_from(["https:", "http:", "HTTPS:", "hTTp:", "ht\ntps:"]))
    slashes = draw(st.sampled_from(["//", "//", "/", "", "\\\\", "/\\/", "\t//"]))
    user = draw(st.sampled_from(["", "", "khamenei.ir@", "a:b@", "https:khamenei.ir@", "@", "%40khamenei.ir@"]))
    if slashes == "" and user.startswith("@"):
        user = ""
    written = "".join(draw(st.sampled_from([letter, letter.upper(), quote(letter)])) for letter in host)
    if draw(st.booleans()):
        written = written.replace(".", draw(st.sampled_from(["。", "．", "%2E", "%EF%BC%8E"])))
    dot = draw(st.sampled_from(["", "."]))
    port = draw(st.sampled_from(["", ":", ":443", ":00080"]))
    rest = draw(
        st.sampled_from(["", "/", "/path/@khamenei.ir", "?q=@khamenei.ir", "#@khamenei.ir", "\\@khamenei.ir", "/a b"])
    )
    around = draw(st.sampled_from(["", " ", "\x00", "\n"]))
    return f"{around}{scheme}{slashes}{user}{written}{dot}{port}{rest}{around}"


@given(_hosts.flatmap(lambda host: st.tuples(st.just(host), _links(host))))
def test_the_host_of_a_link_is_found_through_every_disguise(drawn: tuple[str, str]) -> None:
    host, link = drawn
    assert link_host(link) == host


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("khamenei.ir", "khamenei.ir"),
        ("Khamenei.IR:443/path", "khamenei.ir"),
        ("//farsi.khamenei.ir/path", "farsi.khamenei.ir"),
        ("\\\\khamenei.ir", "khamenei.ir"),
        ("https://khamenei.ir\\@example.org/", "khamenei.ir"),
        ("https://example.org\\@khamenei.ir/", "example.org"),
        ("https://khamenei.ir@example.org/", "example.org"),
        ("https://example.org#@khamenei.ir", "example.org"),
        ("https://сайт.рф/", "xn--80aswg.xn--p1ai"),
        ("https://СаЙт.рф/", "xn--80aswg.xn--p1ai"),
        ("https://XN--80aswg.xn--P1AI/", "xn--80aswg.xn--p1ai"),
        ("https://khamen\u00adei.ir/", "khamenei.ir"),
        ("https://ⓚhamenei.ir/", "khamenei.ir"),
        ("https://кhamenei.ir/", "xn--hamenei-cig.ir"),  # a Cyrillic letter: another site
        ("https://a_b.example.org/", "a_b.example.org"),
        # None of these leads to a name.
        ("", None),
        ("/khamenei.ir", None),
        ("info@khamenei.ir", None),
        ("mailto:info@khamenei.ir", None),
        ("javascript:khamenei.ir", None),
        ("ftp://khamenei.ir/", None),
        ("httpſ://khamenei.ir/", None),
        ("khamenei.ir:", None),
        ("https://khamenei.ir:port/", None),
        ("https://khamenei.ir:" + "9" * 5_000, None),
        ("https://khamenei..ir/", None),
        ("https://.khamenei.ir/", None),
        ("https://-khamenei.ir/", None),
        ("https://khamenei%2Fir/", None),
        ("https://khamenei%00.ir/", None),
        ("https://%ff.ir/", None),
        ("https://127.0.0.1/", None),
        ("https://１２７.0.0.1/", None),
        ("https://127.1/", None),
        ("https://host.0x7f/", None),
        ("https://[::1]/", None),
        ("https://[::ffff:127.0.0.1]:80/", None),
        ("https://localhost/", None),
        ("https://" + "a" * 64 + ".ir/", None),
        ("https://" + "a." * 126 + "ir/", None),
        ("https://\ud800.ir/", None),
    ],
)
def test_a_link_leads_where_a_browser_goes(link: str, host: str | None) -> None:
    assert link_host(link) == host


@given(st.text(max_size=300) | st.text("htps:/\\@.%2E[]#?ir-x中\u00ad\ud800\n", max_size=60))
def test_a_host_name_is_its_own_name_and_leads_to_itself(text: str) -> None:
    for found in (host_name(text), link_host(text)):
        if found is not None:
            assert len(found) <= MAX_HOST
            assert host_name(found) == host_name(found.upper()) == link_host(f"https://{found}/") == found


@pytest.mark.parametrize(
    "link",
    [
        "https://" + "@" * 1_000_000,
        "https:" + "/" * 1_000_000,
        "https://" + "%41" * 300_000,
        "https://" + "à" * 1_000_000 + ".ir",
        "https://" + ("à" * 62 + ".") * 4,
        "a" * 1_000_000,
        "a.b:1" * 200_000,
        "\n" * 1_000_000 + "https://khamenei.ir",
    ],
    ids=lambda link: link[:12],
)
def test_a_hostile_link_takes_milliseconds(link: str) -> None:
    start = time.process_time()
    assert link_host(link) is None
    assert time.process_time() - start < 0.1
