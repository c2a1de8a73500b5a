"""Made-up events that end now, with the roster that fits them: to try a deployment with, before it has a source.

Officials of Antarctica, which has no government, on a platform of their own name: they can be mistaken for nobody, and
what is counted of them stays apart from everything else. The same seed, number and times make the same events.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from streams.events import Account, Event, Post, PostRef, Retweet, Suspension

__all__ = ["FEWEST", "PLATFORM", "SAMPLE_ROSTER", "sample_events"]

PLATFORM: Final = "sample"
FEWEST: Final = 60
"""Events in which everything happens that is meant to."""

_OFFICIALS: Final = 10
_OLD: Final = 40  # accounts that officials have amplified for long
_STRANGERS: Final = 500
_NEW_VOICE: Final = (0.1, 0.15, 0.2, 0.4, 0.45, 0.5, 0.55, 0.6)
"""When officials amplify the new account, one after the other, as shares of the whole: the third is an alert of
new-account-burst, with the eighth it is critical.
"""
_GONE: Final = (0.25, 0.3, 0.35, 0.65, 0.7)
"""The same of the account that is suspended: five of them, and the suspension is an alert of
amplified-then-suspended.
"""
_SUSPENDED: Final = 0.8

_CATEGORIES: Final = ("leader", "diplomat", "government", "parliament", "state_media")
SAMPLE_ROSTER: Final = "platform,account_id,handle,name,country,category,source_url,valid_from,valid_to\n" + "".join(
    f"{PLATFORM},{number},office_{number},Office {number} of Antarctica (made up),AQ,"
    f"{_CATEGORIES[number % len(_CATEGORIES)]},https://example.org/made-up,2020-01-01,\n"
    for number in range(_OFFICIALS)
)
"""The officials of the sample, as a roster file."""


def sample_events(seed: int, count: int, first: datetime, last: datetime) -> Iterator[Event]:
    """So many events, by time, the first and the last at these times. Raises `ValueError` for fewer than `FEWEST`.

    Most are by nobody on the roster. Officials write, and amplify accounts that are years old; a new account and one
    that is suspended in the end are amplified as `_NEW_VOICE` and `_GONE` have it. Ids carry the seed and the time of
    the first event: a sample of another time adds to what there is.
    """
    if count < FEWEST:
        raise ValueError(f"a sample has at least {FEWEST} events")
    random = Random(seed)  # noqa: S311 - makes a story, guards nothing
    run = f"{seed}-{first:%Y%m%d%H%M%S}"
    plot = {round(share * (count - 1)): (number, "new_voice") for number, share in enumerate(_NEW_VOICE)}
    plot |= {round(share * (count - 1)): (number, "gone") for number, share in enumerate(_GONE)}
    created = {"new_voice": first - timedelta(days=5), "gone": first - timedelta(days=400)}
    for number in range(count):
        at = first + (last - first) * (number / (count - 1))
        name = f"{run}-{number}"
        if number in plot:
            official, handle = plot[number]
            subject = Account(id=f"{handle}-{run}", handle=handle, created_at=created[handle], followers=1_200)
            yield _retweet(name, at, official, subject)
        elif number == round(_SUSPENDED * (count - 1)):
            gone = Account(id=f"gone-{run}", handle="gone")
            yield Suspension(platform=PLATFORM, id=name, at=at, actor=gone, status="suspended", precision="exact")
        else:
            yield _ordinary(random, name, at)


def _ordinary(random: Random, name: str, at: datetime) -> Event:
    """What goes on all the time."""
    official, old = random.randrange(_OFFICIALS), random.randrange(_OLD)
    stranger = random.randrange(_STRANGERS)
    subject = Account(
        id=f"old-{old}", handle=f"paper_{old}", created_at=datetime(2012, 1, 1, tzinfo=at.tzinfo), followers=90_000
    )
    match random.choices(("stranger", "post", "retweet", "quote"), (90, 4, 4, 2))[0]:
        case "post":
            text = f"Office {official} wishes everybody a good day, for the {random.randrange(1_000)}th time."
            return Post(platform=PLATFORM, id=name, at=at, actor=_official(official), text=text, lang="en")
        case "retweet":
            return _retweet(name, at, official, subject)
        case "quote":
            quoted = PostRef(post_id=f"of-{name}", account=subject)
            return Post(platform=PLATFORM, id=name, at=at, actor=_official(official), text="Well said.", quotes=quoted)
        case _:
            actor = Account(id=f"stranger-{stranger}", handle=f"somebody_{stranger}")
            return Post(platform=PLATFORM, id=name, at=at, actor=actor, text="Snow again.", lang="en")


def _retweet(name: str, at: datetime, official: int, subject: Account) -> Retweet:
    return Retweet(
        platform=PLATFORM, id=name, at=at, actor=_official(official), subject=subject, post_id=f"of-{subject.id}"
    )


def _official(number: int) -> Account:
    return Account(id=str(number), handle=f"office_{number}")
