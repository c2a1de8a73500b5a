"""Made-up subjects and alerts of any number, as the records of topics: what a console is filled with to be measured."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from streams.core.dossier_parts import OfficialFigures
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.identity import alert_id
from streams.core.subject_event import subject_key
from streams.schemas.examples import EXAMPLES

__all__ = ["alert_records", "amplification_records", "dossier_records", "example"]

_Record = TypeVar("_Record")
_OFFICIALS: Final = 1_300  # as the roster of the case has
_COUNTRIES: Final = ("IR", "RU", "CN", "TR", "SA", "FR", "US", "VE", "IN", "BR")
_WORDS: Final = ("news", "voice", "voice of", "خبر", "سایت رسمی", "правда", "世界", "daily", "truth", "press")
_encode: Final = msgspec.json.Encoder().encode
_replace: Final = msgspec.structs.replace


def example(record: type[_Record]) -> _Record:
    """The example of a record that the schemas have."""
    found: Any = next(each for name in EXAMPLES for each in EXAMPLES[name] if isinstance(each, record))
    decoded: _Record = found
    return decoded


def dossier_records(count: int, *, seed: int = 1, first: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of a dossier for each of `count` subjects: the same for the same seed."""
    random, sample = Random(seed), example(Dossier)
    part = sample.officials[0]
    for number in range(first, first + count):
        country = _country(random)
        officials = tuple(_official(random, part, country) for _ in range(1 + random.randrange(3)))
        account = str(1_280_000_000_000_000_000 + number)
        name = f"{random.choice(_WORDS)} {number % 1_000}"
        subject = _replace(sample.subject, id=account, handle=f"{random.choice(_WORDS[:2])}_{number:x}", name=name)
        dossier = _replace(
            sample,
            subject=subject,
            officials=tuple({each.id: each for each in officials}.values()),
            countries=(country,),
            score=_replace(sample.score, total=round(random.random() * 100, 2)),
            last_amplified_at=part.last_at + timedelta(seconds=random.randrange(40_000_000)),
        )
        yield subject_key(dossier.platform, account).encode(), _encode(dossier)


def alert_records(count: int, *, subjects: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each of `count` alerts about some of the subjects."""
    random, sample = Random(seed), example(Alert)
    for number in range(count):
        account = str(1_280_000_000_000_000_000 + random.randrange(subjects))
        rule = f"rule-{number % 9}"
        name = alert_id(rule, subject_key(sample.platform, account), number)
        alert = _replace(
            sample,
            id=name,
            rule=rule,
            severity=random.choice(("info", "warning", "critical")),
            status=random.choice(("firing", "expired", "expired", "retracted")),
            subject=_replace(sample.subject, id=account, handle=f"voice_{number:x}"),
            countries=(_country(random),),
            fired_at=sample.fired_at + timedelta(seconds=random.randrange(40_000_000)),
        )
        yield name.encode(), _encode(alert)


def amplification_records(count: int, *, subjects: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each of `count` amplifications of some of the subjects."""
    random, sample = Random(seed), example(Amplification)
    for number in range(count):
        account = str(1_280_000_000_000_000_000 + random.randrange(subjects))
        record = _replace(
            sample,
            id=str(number),
            at=sample.at + timedelta(seconds=random.randrange(40_000_000)),
            subject=_replace(sample.subject, id=account),
            official=_replace(sample.official, id=str(random.randrange(_OFFICIALS)), country=_country(random)),
        )
        yield subject_key(record.platform, account).encode(), _encode(record)


def _official(random: Random, part: OfficialFigures, country: str) -> OfficialFigures:
    number = _OFFICIALS * _COUNTRIES.index(country) + random.randrange(_OFFICIALS // len(_COUNTRIES))
    return _replace(part, id=str(number), handle=f"official_{number}", country=country, retweets=random.randrange(90))


def _country(random: Random) -> str:
    return _COUNTRIES[min(random.randrange(16), len(_COUNTRIES) - 1)]
