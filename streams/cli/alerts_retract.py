"""`antiphon alerts retract`: end alerts that should not have fired, with a reason, once somebody has seen which."""

import asyncio
import sys
import time
from typing import Final

import click
from click.core import ParameterSource
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from streams.cli.options import json_option, settings_options
from streams.cli.record_reading import ReadProgress, records_of
from streams.cli.report_case import SEVERITY_STYLES, minute
from streams.cli.stopping import stopped_in_order
from streams.cli.terminal import counted, progress, row, stderr, stdout, table, write_json
from streams.core.alert_state import alert_state, urgency
from streams.core.bounds import bounded_text
from streams.core.enriched import Alert
from streams.core.evidence_records import REASON_BYTES
from streams.errors import InputError
from streams.jobs.alert_records import read_alerts
from streams.jobs.retraction import PATIENCE_SECONDS, retract_alerts
from streams.printable import printable
from streams.settings import Settings

__all__ = ["refuse_options_before", "retract"]

_LISTED: Final = 20  # alerts on a screen; --json has all
_SHORTEST: Final = 8  # characters of an id or a digest
_EXIT_NOT_AGREED: Final = 1
_EXIT_NOT_ALL: Final = 1


class _Wanted(Struct, frozen=True, kw_only=True):
    """What an alert must be to be retracted: all of it."""

    ids: tuple[str, ...]
    roster: str | None
    country: str | None
    rule: str | None

    @property
    def is_empty(self) -> bool:
        return not (self.ids or self.roster or self.country or self.rule)

    def passes(self, alert: Alert) -> bool:
        return (
            (not self.ids or alert.id.startswith(self.ids))
            and (self.roster is None or alert.roster_digest.startswith(self.roster))
            and (self.country is None or self.country in alert.countries)
            and (self.rule is None or self.rule == alert.rule)
        )


def refuse_options_before(ctx: click.Context) -> None:
    """Raises a usage error where options of `antiphon alerts` stand before its command, which would not see them."""
    for param in ctx.command.params:
        if param.name is not None and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{param.opts[0]} stands before {ctx.invoked_subcommand!r}: write it behind, "
                f"`antiphon alerts {ctx.invoked_subcommand} {param.opts[0]} …`"
            )


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@settings_options()
@click.option("--roster", metavar="DIGEST", help="Those whose newest event was judged by this roster.")
@click.option("--country", metavar="XX", help="Those of officials of this State (ISO 3166).")
@click.option("--rule", metavar="NAME", help="Those of this rule.")
@click.option("--reason", required=True, metavar="TEXT", help="Why. Whoever was paged reads it.")
@click.option("--yes", is_flag=True, help="Retract them without being asked.")
@json_option
def retract(
    ids: tuple[str, ...],
    settings: Settings,
    roster: str | None,
    country: str | None,
    rule: str | None,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """End alerts that fire, and say why. Whoever was paged hears of the end once, with the reason.

    Of several conditions all must hold. On a terminal it shows whom the alerts are about, and asks; elsewhere it needs
    --yes. Workers carry it out, and it is kept: what is counted of the account goes on, and the alert stays retracted
    until it is over. It fires again only if it becomes more severe than it was, if the rule's quiet period passed
    before it held again, or if the account is recounted by a correction of the roster.

    Exit status 0: all that were meant are retracted, or none fires. 1: somebody said no, or not all of them are
    retracted yet, because no worker runs for example. 2: it cannot be done as typed.

    \b
    Examples:
      antiphon alerts retract --roster 94d27c4e --reason "embassies were listed under another State"
      antiphon alerts retract --country IR --rule single-patron --reason "test of the paging" --yes
      antiphon alerts retract c882bd37d241180621b5f48d276562d5 --reason "the account is the ministry's own"
    """
    wanted = _Wanted(
        ids=tuple(_hexadecimal(each, "an alert's id") for each in ids),
        roster=None if roster is None else _hexadecimal(roster, "a roster's digest"),
        country=None if country is None else country.upper(),
        rule=rule,
    )
    if wanted.is_empty:
        raise click.UsageError("Say which alerts: ids, --roster, --country or --rule.")
    if not reason.strip():
        raise click.UsageError("--reason is empty: whoever was paged reads it.")
    said = bounded_text(reason.strip(), REASON_BYTES)
    with stopped_in_order():
        firing = asyncio.run(_those_that_fire(settings, wanted))
        if firing and not yes:
            _agree(firing, as_json=as_json)
        waiting = asyncio.run(retract_alerts(settings, firing, said, PATIENCE_SECONDS)) if firing else []
    if as_json:
        unconfirmed = {alert.id for alert in waiting}
        retracted = [alert.id for alert in firing if alert.id not in unconfirmed]
        write_json({"reason": said, "retracted": retracted, "not_yet": sorted(unconfirmed)})
    else:
        _print(firing, waiting)
    if waiting:
        click.get_current_context().exit(_EXIT_NOT_ALL)


def _hexadecimal(text: str, what: str) -> str:
    lowered = text.lower()
    if len(text) < _SHORTEST or not set(lowered) <= set("0123456789abcdef"):
        raise InputError(
            f"{printable(text, 80)!r} is not {what}, nor the beginning of one",
            remedy=f"type {_SHORTEST} hexadecimal digits or more: `antiphon alerts --firing --json` has both",
        )
    return lowered


async def _those_that_fire(settings: Settings, wanted: _Wanted) -> list[Alert]:
    looked = ReadProgress()
    async with records_of(settings, None, looked) as records:
        with progress("reading alerts") as looked.advance:
            found, _unreadable = await read_alerts(records)
    for name in wanted.ids:
        if not any(alert.id.startswith(name) for alert in found):
            raise InputError(
                f"there is no alert {name}",
                remedy="`antiphon alerts --json` lists the ids of all that are on the topic",
            )
    now_us = time.time_ns() // 1_000
    firing = [alert for alert in found if alert_state(alert, now_us) == "firing" and wanted.passes(alert)]
    return sorted(firing, key=lambda alert: urgency(alert, now_us))


def _agree(firing: list[Alert], *, as_json: bool) -> None:
    """Ask whoever is there. Raises `InputError` where nobody is."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            f"it would retract {counted(len(firing), 'alert')}: {_some(firing)}",
            remedy="if that is meant, add --yes",
        )
    console = stderr() if as_json else stdout()
    _list(console, firing)
    if not click.confirm(f"Retract {counted(len(firing), 'alert')}?", err=True):
        stderr().print(Text("Nothing was retracted."))
        click.get_current_context().exit(_EXIT_NOT_AGREED)


def _list(console: Console, alerts: list[Alert]) -> None:
    made = table("Severity", "Fired, UTC", "Alert", "Account", "Of", "By")
    for alert in alerts[:_LISTED]:
        officials = ", ".join(f"@{each.handle}" if each.handle else each.id for each in alert.officials[:3])
        more = alert.officials_total - min(3, len(alert.officials))
        row(
            made, Text(alert.severity, SEVERITY_STYLES[alert.severity]), minute(alert.fired_at), alert.rule,
            _name(alert), " ".join(alert.countries[:5]), printable(officials, 80) + (f" +{more:,}" if more > 0 else ""),
        )  # fmt: skip
    console.print(made)
    if len(alerts) > _LISTED:
        console.print(Text(f"… and {len(alerts) - _LISTED:,} more"))


def _print(firing: list[Alert], waiting: list[Alert]) -> None:
    console = stdout()
    if not firing:
        console.print(Text("No alert fires that is meant. Nothing was retracted."))
        return
    console.print(Text(f"Retracted {counted(len(firing) - len(waiting), 'alert')}."))
    if waiting:
        stderr().print(
            Text(
                f"{counted(len(waiting), 'alert')} not retracted yet after {PATIENCE_SECONDS:.0f} s: {_some(waiting)}. "
                "The orders stand on the topics, and workers carry them out when they run: see "
                "`antiphon alerts --firing`. One that became more severe meanwhile goes on firing."
            )
        )


def _some(alerts: list[Alert]) -> str:
    names = list(dict.fromkeys(map(_name, alerts)))
    more = f" and {len(names) - 5:,} more accounts" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _name(alert: Alert) -> str:
    handle = alert.subject.handle
    return f"@{printable(handle, 40)}" if handle else printable(f"{alert.platform}:{alert.subject.id}", 60)
