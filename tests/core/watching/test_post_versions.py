"""Deletions that name a version of an edited post: what follows does not depend on whether the post came first."""

from itertools import permutations

from msgspec.structs import replace

from streams.rules_loading import bundled_rules
from tests.core.watching.watch_events import IRAN, deletion, post, standing, tick
from tests.core.watching.watch_run import WatchRun

_EDITED = replace(post("p", -5), versions=("p-2",))


def test_its_authors_deletion_of_a_later_version_takes_the_post_back_in_any_order() -> None:
    for events in permutations([_EDITED, deletion("p-2", 2), standing()]):
        run = WatchRun(bundled_rules()).run([*([event] for event in events), [tick(20)]])
        [aftermath] = run.standing.values()
        assert (aftermath.deletions, aftermath.deletions_unknown) == (1, 0)


def test_somebody_elses_deletion_of_a_later_version_is_of_a_post_that_nobody_knows_in_any_order() -> None:
    """One comes before the suspension and one after it; neither counts as a deletion by the author."""
    reports = deletion("p-2", -3, IRAN[1]), deletion("p", 2, IRAN[1])
    for events in permutations([_EDITED, *reports, standing()]):
        run = WatchRun(bundled_rules()).run([*([event] for event in events), [tick(20)]])
        [aftermath] = run.standing.values()
        assert (aftermath.deletions, aftermath.deletions_unknown) == (0, 1)
