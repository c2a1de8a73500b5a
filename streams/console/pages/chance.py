"""How often a rule on an aftermath held by chance, as measured: accounts that were suspended by simulation.

The figures are those of docs/concepts.md, which a test compares; `python -m bench figures alarms` measures them.
"""

from typing import Final

from msgspec import Struct

__all__ = ["CHANCE", "Chance"]


class Chance(Struct, frozen=True, kw_only=True):
    """What was measured of one rule: on five years of French deputies, whose accounts are what they seem."""

    rule: str
    """The rule."""
    rates: tuple[str, ...]
    """How often it held, a sentence for each habit of officials."""
    note: str
    """What follows for whoever reads such an alert."""


CHANCE: Final[dict[str, Chance]] = {
    each.rule: each
    for each in (
        Chance(
            rule="clean-up",
            rates=(
                "468 of 2,982 watches (15.7 %) where one official in ten a quarter deletes 20 posts within an hour",
                "116 of 2,982 (3.9 %) where each deletes 2 % of its posts, 20 days later on average",
                "3 of 2,982 (0.1 %) where each deletes 10 %",
                "794 of 7,674 (10.3 %) where such officials in bursts are divided among ten States",
            ),
            note=(
                "It cannot tell a clean-up from an official that prunes its account: look whose the deletions were, "
                "and what they said."
            ),
        ),
        Chance(
            rule="silence",
            rates=("26 of 483 watches with five amplifying officials (5.4 %), however they delete",),
            note="It asks for ten references before: without that it would have held for 475 of 483.",
        ),
        Chance(
            rule="possible-successor",
            rates=(
                "0 of 2,982 watches with two amplifying officials or more",
                "5 of 7,800 where the same officials were divided by chance among ten States",
            ),
            note="Where an account has one amplifying official, that one alone is enough.",
        ),
    )
}
"""By rule."""
