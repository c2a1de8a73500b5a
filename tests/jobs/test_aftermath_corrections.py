"""What is told of aftermaths after a correction: none stands only because nobody could recount it."""

from datetime import UTC, datetime, timedelta

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.core.corrections.correction import Correction
from streams.core.corrections.entry_changes import entry_changes
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet, set_digest
from streams.events import Account
from streams.jobs.aftermath_corrections import aftermath_corrections
from tests.core.stories import roster_of
from tests.core.watching.watch_events import IRAN, amplification, deletion, standing, tick
from tests.core.watching.watch_run import WatchRun

_DAY = timedelta(days=1)


def test_an_aftermath_whose_watch_is_forgotten_cannot_be_known_where_an_official_of_its_state_changed() -> None:
    """And stands where its watch is still known."""
    run = WatchRun(RuleSet(rules=(), digest=set_digest(())))
    run.batch([amplification("1", -9), standing(), deletion("1", 1), tick(20)])
    [aftermath] = run.standing.values()
    results = Results(aftermaths=run.standing)
    officials = [Account(id=each.id, handle=each.handle) for each in IRAN]
    old, new = roster_of(officials), roster_of(officials[1:])
    begun = Correction(
        correction="c",
        about="roster",
        outcome="begun",
        cause="roster",
        reason="it was wrong",
        old_digest=old.digest,
        new_digest=new.digest,
        at=datetime(2024, 1, 1, tzinfo=UTC),
    )

    def outcomes(old: Roster, new: Roster, forgotten: datetime) -> list[tuple[str, str | None]]:
        changes = entry_changes(old, new)
        kept = [change.account for change in changes]
        found = aftermath_corrections(begun, results, results, changes, kept, to_us(forgotten))
        return [(each.outcome, each.aftermath_id) for each in found]

    opened = aftermath.opened_at
    assert outcomes(old, new, opened) == []
    assert outcomes(old, new, opened + _DAY) == [("cannot_be_known", aftermath.id)]
    assert outcomes(old, old, opened + _DAY) == []
