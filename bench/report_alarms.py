"""False alarms in words and tables: their section of RESULTS.md. Takes no view of how much is too much."""

from collections.abc import Iterable, Sequence
from typing import Final

from bench.figures.alarms import AlarmRun, Alarms

__all__ = ["alarms_parts"]

_ABOUT: Final = (
    "{statuses:,} statuses of {about} ({officials} of them acting) and on top of them, by simulation: each account "
    "that two officials or more had amplified, and that is none itself, is suspended once, and officials delete by "
    "habit, for reasons of their own. So whatever holds is a false alarm. Seeds: {seeds}, counted together. There are "
    "no timings here: any machine gives the same figures."
)
_ABOUT_TIMES: Final = (
    "An account is suspended an hour after one of its amplifications, drawn from those by when five officials had "
    "amplified it (two, where it never were five), and is never retweeted or quoted again: the more is said of it the "
    "likelier, which is the hardest time for `silence`. *Later* is any time after its last amplification. The "
    "officials are of one State, as they are, or divided by chance among {parts}, as rosters of few officials see it. "
    "A rule has at most one alert for each watch. The watches of a State share its deletions: alarms come in clusters."
)
_ABOUT_HABITS: Final = (
    "Habits: posts or retweets are taken back one by one, 20 days later on average; or in fits, where in each quarter "
    "one official in ten deletes 20 posts and retweets of its last 90 days within an hour (or what there is)."
)
_ABOUT_LEFT: Final = (
    "The alarms of `clean-up` that would be left if it asked for more: five deletions *by amplifiers*, officials that "
    "had amplified the account; *two officials* that deleted; five *sittings*, where what one official deletes within "
    "an hour counts once; five sittings of amplifiers; a deleted post that *concerned* the account:"
)


def alarms_parts(alarms: Alarms) -> list[str]:
    """The section without its heading, to be joined by empty lines."""
    parts = max(run.plan.parts for run in alarms.runs)
    about = _ABOUT.format(statuses=alarms.statuses, about=alarms.about, officials=alarms.officials, seeds=alarms.seeds)
    sections = [about, _ABOUT_TIMES.format(parts=parts), _ABOUT_HABITS]
    for place, count in enumerate(alarms.runs[0].on_aftermaths):
        sections += [f"`{count.rule}`:", _rule_table(alarms.runs, place)]
    sections += [
        _mostly_silent(alarms.runs),
        _ABOUT_LEFT,
        _left_table(alarms.runs),
        "Alerts of rules on subjects, which change where amplifications are withdrawn:",
        _subject_table(alarms.runs),
        _texts(alarms),
    ]
    return sections


def _rule_table(runs: Sequence[AlarmRun], place: int) -> str:
    rows = []
    for run in runs:
        count = run.on_aftermaths[place]
        rows.append(
            (
                *_named(run),
                f"{run.watches:,}",
                f"{count.raised:,}",
                _rate(count.raised, run.watches),
                f"{1_000 * count.raised / max(1, run.watches):.0f}",
                f"{run.watches_of_many:,}",
                f"{count.raised_of_many:,}",
                _rate(count.raised_of_many, run.watches_of_many),
            )
        )
    columns = (
        *("habit", "States", "watches", "alarms", "rate", "in 1,000 watches"),
        *("watches with 5 amplifiers", "alarms", "rate"),
    )
    return _table(columns, rows)


def _left_table(runs: Sequence[AlarmRun]) -> str:
    rows = []
    for run in runs:
        [raised] = [count.raised for count in run.on_aftermaths if count.rule == "clean-up"]
        left = run.clean_ups
        counts = (raised, left.by_amplifiers, left.by_two, left.sittings, left.both, left.concerning)
        if raised:
            rows.append((*_named(run), *(f"{count:,}" for count in counts)))
    columns = (
        *("habit", "States", "alarms", "by amplifiers", "two officials", "sittings"),
        *("sittings of amplifiers", "concerned"),
    )
    return _table(columns, rows)


def _subject_table(runs: Sequence[AlarmRun]) -> str:
    rows = [
        (_named(run)[0], f"{run.deletions:,}", *(f"{count:,}" for count in run.on_subjects.values()))
        for run in runs
        if run.plan.parts == 1
    ]
    rules = [f"`{rule}`" for rule in runs[0].on_subjects]
    return _table(("habit", "deletions", *rules), rows)


def _mostly_silent(runs: Sequence[AlarmRun]) -> str:
    counts = (f"{run.mostly_silent:,} of {run.watches_of_many:,} ({_named(run)[0]})" for run in runs if _is_plain(run))
    return (
        "Four in five of five amplifiers or more said nothing in the watch, however little had been said before (so "
        f"`silence` without its 10 references), in {' and '.join(counts)}."
    )


def _is_plain(run: AlarmRun) -> bool:
    return run.plan.parts == 1 and run.deletions == 0


def _texts(alarms: Alarms) -> str:
    texts = alarms.texts
    by_chance = texts.away * texts.posts_around / max(1.0, texts.posts_away)
    return (
        f"Text matches by chance: of {texts.texts:,} texts that the officials passed on, {texts.around:,} "
        f"({_rate(texts.around, texts.texts)}) match a post of theirs of the 90 days around, and {texts.away:,} "
        f"({_rate(texts.away, texts.texts)}) one of as many days a year away, by set phrases alone. There "
        f"{texts.posts_away:,.0f} posts stand on average, and {texts.posts_around:,.0f} in the days around: with as "
        f"many it would be {by_chance:.0f} ({_rate(by_chance, texts.texts)})."
    )


def _named(run: AlarmRun) -> tuple[str, str]:
    later = ", suspended later" if run.plan.moment == "later" else ""
    return run.plan.habit + later, f"{run.plan.parts}"


def _rate(part: float, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|---:" * (len(columns) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
