"""What a suspension does to the retweets of an account: they vanish with it, and nobody took them back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tools.cases.khamenei_site.cast import OfficialPersona, Persona
from tools.cases.khamenei_site.chronicle import Chronicle

__all__ = ["add_vanishing"]


def add_vanishing(
    chronicle: Chronicle, account: Persona, suspended_at: datetime, officials: Sequence[OfficialPersona]
) -> None:
    """Every retweet of a suspended account by an official is noticed to be gone, some a second or more before the
    suspension itself is, most in the half day after. Half of the notices say whose the retweet was: the platform's own
    do, a collector that asks for a post by its id learns only that it is not there.
    """
    by_id = {official.id: official for official in officials}
    retweets = [each for each in chronicle.retweets_of(account) if each.actor.id in by_id and each.at < suspended_at]
    for number, retweet in enumerate(chronicle.shuffled(retweets)):
        if number % 6 == 0:
            at = suspended_at - timedelta(seconds=1 + number % 4 * 7)
        else:
            at = suspended_at + timedelta(seconds=int(chronicle.between(0, 90 if number % 3 else 43_000)))
        chronicle.delete(at, by_id[retweet.actor.id] if chronicle.chance(0.5) else None, retweet)
