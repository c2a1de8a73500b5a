"""Hand-made Twitter v1.1 payloads of every shape, and the ways in which a stranger may break them."""

import copy
import json
from pathlib import Path
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

SHARED: Final = Path(__file__).resolve().parents[2] / ".." / "shared"
SAMPLES: Final = SHARED / "samples"

# A tree of dicts, lists and scalars, as the json module makes them.
Json: TypeAlias = Any


def user(id_str: str = "2244994945", handle: str = "example", **more: Json) -> dict[str, Json]:
    """An account as statuses hold it; `id` is rounded as JavaScript would."""
    return {
        "id": int(float(id_str)),
        "id_str": id_str,
        "screen_name": handle,
        "name": f"Name of {handle}",
        "created_at": "Sat Dec 14 04:35:55 +0000 2013",
        "followers_count": 513868,
        "verified": True,
        "description": "not looked at",
    } | more


def mention(id_str: str, handle: str, start: int = 3) -> dict[str, Json]:
    """A user mention as entities hold it."""
    indices = [start, start + len(handle) + 1]
    return {
        "screen_name": handle,
        "name": handle.title(),
        "id": int(float(id_str)),
        "id_str": id_str,
        "indices": indices,
    }


def status(id_str: str = "1050118621198921728", text: str = "To make room for more expression", **more: Json) -> Json:
    """A plain status."""
    return {
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "id": int(float(id_str)),
        "id_str": id_str,
        "text": text,
        "truncated": False,
        "user": user(),
        "entities": {"hashtags": [], "urls": [], "user_mentions": [], "symbols": []},
        "lang": "en",
        "in_reply_to_status_id_str": None,
        "in_reply_to_user_id_str": None,
        "in_reply_to_screen_name": None,
    } | more


def without_user(payload: Json) -> Json:
    """The same status as trimmed archives keep it."""
    return {key: value for key, value in payload.items() if key != "user"}


ORIGINAL: Final = status("1050118621198921000", "the original", user=user("783214000000000001", "Khamenei_site"))
LINK: Final = {"url": "https://t.co/a", "expanded_url": "https://example.org/a", "indices": [0, 14]}
ENTITIES: Final = {"urls": [LINK], "user_mentions": [mention("11", "eleven", 0), mention("12", "twelve", 8)]}

STATUSES: Final[dict[str, Json]] = {
    "post": status(entities=ENTITIES),
    "retweet": status(text="RT @Khamenei_site: the original", retweeted_status=ORIGINAL),
    "trimmed retweet": status(
        text="RT @khamenei_SITE: the original",
        retweeted_status=without_user(ORIGINAL),
        entities={
            "urls": [],
            "user_mentions": [mention("783214000000000001", "Khamenei_site"), mention("12", "x", 30)],
        },
    ),
    "quote": status(quoted_status_id_str=ORIGINAL["id_str"], quoted_status=ORIGINAL, is_quote_status=True),
    "trimmed quote": status(quoted_status_id_str=ORIGINAL["id_str"], quoted_status=without_user(ORIGINAL)),
    "quote by id": status(quoted_status_id_str=ORIGINAL["id_str"], is_quote_status=True),
    "retweet of a quote": status(
        text="RT @Khamenei_site: look",
        retweeted_status=ORIGINAL | {"quoted_status": status("5")},
        quoted_status=status("5"),
    ),
    "reply": status(
        in_reply_to_status_id_str="1050118621198921001",
        in_reply_to_user_id_str="6253282",
        in_reply_to_screen_name="api",
    ),
    "extended": status(
        text="cut…", truncated=True, extended_tweet={"full_text": "the whole text", "entities": ENTITIES}
    ),
    "full text": {key: value for key, value in status(full_text="all of it").items() if key != "text"},
    "snapshot": {"observed_at": "2018-10-11T03:30:31+02:00", "commit": "1cd06213", "status": status()},
}

NOTICES: Final[dict[str, Json]] = {
    "delete": {
        "delete": {
            "status": {"id": 601430178305220600, "id_str": "601430178305220608", "user_id": 3, "user_id_str": "3"},
            "timestamp_ms": "1432228155593",
        }
    },
    "delete without time": {"delete": {"status": {"id": 5, "id_str": "5", "user_id": 3, "user_id_str": "3"}}},
    "delete of a direct message": {"delete": {"direct_message": {"id": 1, "user_id": 3}}},
    "delete of a favorite": {"delete": {"favorite": {"tweet_id": 1, "user_id": 3}}},
    "user_suspend": {"user_suspend": {"id": 3120539094, "timestamp_ms": "1432228194217"}},
    "user_unsuspend": {"user_unsuspend": {"id": 3293130873, "timestamp_ms": "1432228193828"}},
    "user_delete": {"user_delete": {"id": 771136850, "timestamp_ms": 1432228153548}},
    "user_undelete": {"user_undelete": {"id": 796250066, "timestamp_ms": "1432228149062"}},
    "user_suspend without time": {"user_suspend": {"id": 3120539094}},
    "follow": {
        "event": "follow",
        "source": user("10", "ten"),
        "target": user("20", "twenty"),
        "created_at": "Sun Oct 27 20:35:25 +0000 2013",
    },
    "unfollow": {
        "event": "unfollow",
        "source": user("10", "ten"),
        "target": user("20", "twenty"),
        "created_at": "Sun Oct 27 20:35:26 +0000 2013",
    },
    "user_update": {
        "event": "user_update",
        "source": user("10", "ten"),
        "target": user("10", "ten"),
        "created_at": "Sun Oct 27 20:35:27 +0000 2013",
    },
    "favorite": {"event": "favorite", "source": user(), "target": user(), "target_object": status()},
    "friends": {"friends": [488736931, 311444249]},
    "direct_message": {"direct_message": {"id_str": "1", "text": "hello", "sender": user(), "recipient": user()}},
    "warning": {"warning": {"code": "FALLING_BEHIND", "message": "…", "percent_full": 60}},
    "scrub_geo": {"scrub_geo": {"user_id": 5, "up_to_status_id": 6, "timestamp_ms": "1432228180345"}},
    "limit": {"limit": {"track": 1234}},
    "disconnect": {"disconnect": {"code": 4, "stream_name": "", "reason": ""}},
    "status_withheld": {"status_withheld": {"status": {"id_str": "6"}, "withheld_in_countries": ["XY"]}},
    "user_withheld": {"user_withheld": {"user": {"id_str": "6"}, "timestampMs": "2014-08-27T23:49:41.839+00:00"}},
    "drop": {"drop": {"status": {"id_str": "6"}}},
    "undrop": {"undrop": {"status": {"id_str": "6"}}},
    "user_protect": {"user_protect": {"id": 3182003550, "timestamp_ms": "1432228177137"}},
    "user": user(status=without_user(status())),
}

SYNTHETIC: Final = STATUSES | NOTICES


def sample_payloads() -> list[Json]:
    """Real payloads, where the shared samples are there, after the synthetic ones."""
    payloads = list(SYNTHETIC.values())
    for path in sorted(SAMPLES.glob("tw_v1*.jsonl")):
        payloads += [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    return payloads


_hostile_scalars: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30, 10**4_000, -(10**30)]),
    st.floats(),  # NaN and infinities too: the json module writes them as no JSON may have them
    st.text(st.characters(), max_size=40),  # lone surrogates and NUL too
    st.sampled_from(["", "-1", "0", "007", "１２", "\x00", "\ud800", "\u202e", "\x1b[31m", "x" * 300, "x" * 2_000]),
    st.sampled_from(["x" * 9_000, "ü" * 100_001, "9" * 5_000, "1432228155593", "Wed Oct 10 20:19:24 +0000 2018"]),
    st.sampled_from(["Wed Oct 10 20:19:24 +0000 0000", "Fri Dec 31 23:59:59 +0000 9999", "9999-12-31T23:59:59-23:59"]),
)

hostile_values: Final = st.one_of(
    _hostile_scalars,
    st.recursive(_hostile_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5),
    st.sampled_from(list(SYNTHETIC.values())),
)


def _places(payload: Json) -> list[tuple[Json, Json]]:
    """Every (container, key or index) of the tree."""
    found: list[tuple[Json, Json]] = []
    for key in payload if isinstance(payload, dict) else range(len(payload)):
        found.append((payload, key))
        if isinstance(payload[key], dict | list):
            found += _places(payload[key])
    return found


@st.composite
def mutated_lines(draw: st.DrawFn, payloads: list[Json]) -> bytes:
    """A line of one payload with up to three places of it replaced, removed, repeated, renamed or added to."""
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(0, 3))):
        places = _places(payload)
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "remove", "repeat", "rename", "add"])):
            case "replace":
                container[key] = copy.deepcopy(draw(hostile_values))
            case "remove":
                del container[key]
            case "repeat":
                container[key] = [copy.deepcopy(container[key]) for _ in range(draw(st.integers(2, 70)))]
            case "rename" if isinstance(container, dict):
                container[draw(st.sampled_from(sorted(SYNTHETIC) + sorted(STATUSES["post"])))] = container.pop(key)
            case "add" if isinstance(container, dict):
                container[draw(st.text(max_size=5))] = copy.deepcopy(draw(hostile_values))
    return to_line(payload, ensure_ascii=draw(st.booleans()), twice=draw(st.booleans()))


def to_line(payload: Json, *, ensure_ascii: bool = True, twice: bool = False) -> bytes:
    """The payload as a line; `twice` writes the keys of the outermost object a second time."""
    text = json.dumps(payload, ensure_ascii=ensure_ascii)
    if twice and isinstance(payload, dict) and payload:
        text = f"{text[:-1]},{text[1:]}"
    return text.encode("utf-8", "surrogatepass")
