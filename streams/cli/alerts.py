"""`antiphon alerts`: the alerts on the topic or in the files of a run, the most urgent first."""

import asyncio
import sys
import time
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

import click
from msgspec import Struct
from rich.text import Text

from streams.cli.alerts_retract import refuse_options_before, retract
from streams.cli.groups import CommandGroup
from streams.cli.options import json_option, settings_options
from streams.cli.printed_json import printed_json
from streams.cli.record_reading import ReadProgress, from_option, parse_when, records_of, refuse_follow_of_files
from streams.cli.report_case import SEVERITY_STYLES, minute
from streams.cli.stopping import ended_by_ctrl_c, stopped_in_order
from streams.cli.terminal import counted, progress, row, stderr, stdout, table
from streams.core.alert_state import alert_state, urgency
from streams.core.clock import from_us
from streams.core.enriched import Alert
from streams.jobs.alert_records import read_alerts
from streams.jobs.case_files import record_of
from streams.kafka.enriched_log import EnrichedLog
from streams.printable import printable
from streams.settings import Settings
from streams.topic_names import ALERTS

__all__ = ["alerts"]

_LIMIT: Final = 50


class _Filter(Struct, frozen=True, kw_only=True):
    firing: bool
    country: str | None
    rule: str | None
    since: datetime | None

    def passes(self, alert: Alert, now_us: int, *, also_ended: bool = False) -> bool:
        """Whether somebody asked for it; `also_ended` lets the end of an alert pass to whoever wants what fires."""
        return (
            (not self.firing or also_ended or alert_state(alert, now_us) == "firing")
            and (self.country is None or self.country in alert.countries)
            and (self.rule is None or self.rule == alert.rule)
            and (self.since is None or alert.fired_at >= self.since or alert.as_of >= self.since)
        )


@click.group(cls=CommandGroup, invoke_without_command=True)
@settings_options()
@from_option
@click.option("--firing", is_flag=True, help="Only those that fire now.")
@click.option("--country", metavar="XX", help="Only of officials of this State (ISO 3166).")
@click.option("--rule", metavar="NAME", help="Only of this rule.")
@click.option("--since", metavar="WHEN", help="Only those that fired or changed since: 2026-11-28, 7d, 12h.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=_LIMIT, show_default=True, help="At most so many.")
@click.option("--follow", is_flag=True, help="Go on, and say what is written to the topic. Ctrl-C ends it.")
@json_option
@click.pass_context
def alerts(
    ctx: click.Context,
    settings: Settings,
    folder: str | None,
    firing: bool,
    country: str | None,
    rule: str | None,
    since: str | None,
    limit: int,
    follow: bool,
    as_json: bool,
) -> None:
    """List the alerts, the most urgent first: those that fire, by severity, the newest first; then those that are over,
    and those that were taken back.

    An alert fires until it expires, by the clock of this machine: replayed alerts of long ago are over. With --json one
    document; with --follow, too, one line an alert.

    \b
    Examples:
      antiphon alerts --firing
      antiphon alerts --country IR --since 7d
      antiphon alerts --firing --follow --json | your-program
      antiphon alerts --from results/
      antiphon alerts retract --roster 94d27c4e --reason "embassies of another State"
    """
    if ctx.invoked_subcommand is not None:
        refuse_options_before(ctx)
        return
    refuse_follow_of_files(follow, folder)
    wanted = _Filter(
        firing=firing,
        country=None if country is None else country.upper(),
        rule=rule,
        since=parse_when(since, "--since"),
    )
    with stopped_in_order(), ended_by_ctrl_c(follow):
        asyncio.run(_alerts(settings, wanted, folder, limit, follow=follow, as_json=as_json))


alerts.add_command(retract)


async def _alerts(
    settings: Settings, wanted: _Filter, folder: str | None, limit: int, *, follow: bool, as_json: bool
) -> None:
    looked = ReadProgress()
    async with records_of(settings, folder, looked) as records:
        with progress("reading alerts") as looked.advance:
            found, unreadable = await read_alerts(records)
        now_us = time.time_ns() // 1_000
        passing = sorted(
            (alert for alert in found if wanted.passes(alert, now_us)), key=lambda alert: urgency(alert, now_us)
        )
        if as_json and follow:
            for alert in reversed(passing[:limit]):
                _write_line(alert, now_us)
        elif as_json:
            listed = [_described(alert, now_us) for alert in passing[:limit]]
            document = {"alerts": listed, "total": len(passing), "unreadable_records": unreadable}
            sys.stdout.write(printed_json(document) + "\n")
        else:
            _print(passing, limit, len(found), unreadable, now_us)
        if follow and isinstance(records, EnrichedLog):
            await _follow(records, wanted, as_json=as_json)


def _print(passing: list[Alert], limit: int, total: int, unreadable: int, now_us: int) -> None:
    console = stdout()
    if passing:
        made = table("Severity", "State", "Fired, UTC", "Alert", "Account", "Of")
        for alert in passing[:limit]:
            handle = alert.subject.handle
            row(
                made, Text(alert.severity, SEVERITY_STYLES[alert.severity]), alert_state(alert, now_us),
                minute(alert.fired_at), alert.rule + (" (shadow)" if alert.mode == "shadow" else ""),
                f"@{printable(handle, 40)}" if handle else f"{alert.platform}:{alert.subject.id}",
                " ".join(alert.countries[:5]) + (" …" if len(alert.countries) > 5 else ""),
            )  # fmt: skip
        console.print(made)
    said = (
        f"{counted(min(limit, len(passing)), 'alert')} of {len(passing):,}"
        if len(passing) > limit
        else (counted(len(passing), "alert"))
    )
    if len(passing) != total:
        said += f"; {counted(total, 'alert')} in all"
    hint = " `antiphon show @HANDLE` says everything of one." if passing else ""
    console.print(Text(f"{said}.{hint}"))
    if unreadable:
        console.print(Text(f"{counted(unreadable, 'record')} left out, which no version of Antiphon wrote."))


async def _follow(log: EnrichedLog, wanted: _Filter, *, as_json: bool) -> None:
    if not as_json:
        stderr().print(Text("Following the topic. Ctrl-C ends it.", style="dim"))
    sys.stdout.flush()
    async with aclosing(log.follow((ALERTS,))) as stream:
        async for stored in stream:
            try:
                alert = record_of(stored)
            except ValueError as error:
                stderr().print(Text(printable(f"left out: {error}", 300), style="dim"))
                continue
            now_us = time.time_ns() // 1_000
            # What ended is said, too: whoever follows what fires must hear of its end.
            if alert is None or not wanted.passes(alert, now_us, also_ended=True):
                continue
            if as_json:
                _write_line(alert, now_us)
            else:
                said = Text(f"{from_us(stored.written_ms * 1_000):%H:%M:%S} ")
                said.append(f"{alert.severity} {alert_state(alert, now_us)} ", SEVERITY_STYLES[alert.severity])
                said.append(printable(f"{alert.rule}: {alert.summary}"))
                stdout().print(said)
            sys.stdout.flush()


def _write_line(alert: Alert, now_us: int) -> None:
    sys.stdout.write(printed_json(_described(alert, now_us), indent=0) + "\n")


def _described(alert: Alert, now_us: int) -> dict[str, Any]:
    return {"state": alert_state(alert, now_us), "alert": alert}
