"""Lists of officials as a target: what is made of any file passes the check of rosters, and the rest is named."""

import json
from typing import Final

from tests.formats.roster_lists.importing import SAID
from tests.formats.roster_lists.test_any_list import hold_to_reasons, hold_to_roster, imported
from tests.fuzz.mutations import change_json
from tests.fuzz.target import Target

__all__ = ["roster_targets"]

_YAML: Final = b"""- id: {bioguide: B1, govtrack: 400050}
  name: {first: Ada, last: One}
  social: {twitter: AdaOne, twitter_id: 7000001}
- name: {last: Two}
  social: {twitter: "@two"}
  terms:
    - {start: 2020-01-01, end: 2024-12-31}
"""
_BOUND: Final = {
    "person": {"type": "uri", "value": "http://www.wikidata.org/entity/Q1"},
    "twitterUsername": {"type": "literal", "value": "a_person"},
    "countryLabel": {"type": "literal", "value": "France"},
    "start": {"type": "literal", "value": "2015-01-01T00:00:00Z"},
}
_WIKIDATA: Final = {"head": {"vars": list(_BOUND)}, "results": {"bindings": [_BOUND]}}
_LISTS: Final = [
    b"@one\n@two # ours\nhttps://x.com/three\nt.me/four\n",
    b"handle;account_id;country;category;valid_from\n@one;7000001;Germany;diplomat;2020-01-01\ntwo;1.2E+18;;;\n",
    b"Name,Twitter Link,Telegram,Website,start (DD/MM/YYYY)\nOne,https://x.com/one,t.me/one,example.org,03/04/2020\n",
    json.dumps([{"name": "One", "twitter": "one", "twitter_id": "7000001", "country": "FR"}]).encode(),
    json.dumps(_WIKIDATA).encode(),
    _YAML,
    _YAML.replace(b"One", b"&last One").replace(b"Two", b"*last"),
]


def _check(data: bytes) -> None:
    for options in ({}, SAID):
        result = imported(data, options)
        if result is not None:
            hold_to_roster(result)
            hold_to_reasons(result)


def roster_targets() -> list[Target]:
    """The import of rosters."""
    return [Target(name="roster-lists", check=_check, seeds=lambda: _LISTS, mutate=change_json)]
