"""`antiphon show`: everything known of one account, official or alert, from the topics or from files of a run."""

import asyncio
import shlex
import sys
import time
from contextlib import aclosing
from typing import Any, Final

import click
from rich.text import Text

from streams.cli.options import json_option, settings_options
from streams.cli.printed_json import printed_json
from streams.cli.record_reading import ReadProgress, from_option, records_of, refuse_follow_of_files
from streams.cli.report_case import SEVERITY_STYLES, minute, print_case, print_official
from streams.cli.stopping import ended_by_ctrl_c, stopped_in_order
from streams.cli.terminal import counted, progress, row, stderr, stdout, table, write_json
from streams.core.account_query import AccountQuery, account_query
from streams.core.alert_state import alert_state
from streams.core.case_file import CaseFile, OfficialFile, acceptances_of, linked_evidence
from streams.core.clock import from_us
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.errors import AntiphonError, InputError
from streams.jobs.case_files import CaseFiles, Match, record_of
from streams.kafka.enriched_log import EnrichedLog
from streams.kafka.roster_topic import published_roster
from streams.printable import printable
from streams.settings import Settings

__all__ = ["show"]

_FOLLOWED: Final = ("dossiers", "alerts", "aftermaths", "amplifications")


@click.command()
@click.argument("what", metavar="@HANDLE|ID")
@settings_options()
@from_option
@click.option(
    "--versions", is_flag=True, help="With all versions of its alerts; reads the whole of the topic `evidence`."
)
@click.option("--follow", is_flag=True, help="Go on, and say what is written about it. Ctrl-C ends it.")
@json_option
@click.pass_context
def show(
    ctx: click.Context, what: str, settings: Settings, folder: str | None, versions: bool, follow: bool, as_json: bool
) -> None:
    """Everything known of one account: figures, alerts and what they rest on, amplifications with links, aftermaths,
    and what went unseen. For an official: its terms on the roster, and whom it amplified.

    @HANDLE|ID is a handle, the address of a profile, PLATFORM:ID, PLATFORM:@HANDLE, an id or DID, or the id of an alert
    or aftermath. With PLATFORM:ID one partition of each topic is read; a handle takes a scan of all dossiers.

    Exit status 1 if nothing is known, or if several accounts fit: they are listed with what to type.

    \b
    Examples:
      antiphon show @Khamenei_site
      antiphon show twitter:1280000000000000001 --follow
      antiphon show c882bd37d241180621b5f48d276562d5 --versions --json
      antiphon show @Khamenei_site --from results/
    """
    refuse_follow_of_files(follow, folder)
    if versions and folder is not None:
        raise InputError("files have no versions", remedy="leave --versions out, or ask the topics")
    try:
        wanted = account_query(what)
    except ValueError as error:
        raise InputError(f"{printable(what, 100)!r}: {error}", remedy="see `antiphon show --help`") from None
    with stopped_in_order(), ended_by_ctrl_c(follow):
        ctx.exit(asyncio.run(_show(settings, wanted, folder, versions=versions, follow=follow, as_json=as_json)))


async def _show(
    settings: Settings, wanted: AccountQuery, folder: str | None, *, versions: bool, follow: bool, as_json: bool
) -> int:
    looked = ReadProgress()
    async with records_of(settings, folder, looked) as records:
        roster = None if folder is not None else (await published_roster(settings)).roster
        files = CaseFiles(records, roster)
        with progress("looking") as looked.advance:
            matches = await files.find(wanted)
            if not matches:
                looked_at = counted(records.looked_at, "record")
                raise AntiphonError(
                    f"nothing is known of {printable(wanted.text, 100)}; {looked_at} looked at",
                    remedy="type the handle as it is now, or PLATFORM:ID; who was never amplified has no record",
                )
            if len(matches) > 1:
                _list(wanted, matches, as_json=as_json)
                return 1
            [match] = matches
            case = await files.case_file(match, kept_versions=versions)
            official: OfficialFile | None = None
            if match.roster or case.is_empty or folder is not None:  # files have no roster
                official = await files.official_file(match)
            if official is not None and not (official.roster or official.amplified):
                official = None
        now_us = time.time_ns() // 1_000
        if as_json:
            document = _document(wanted, case, official, files.unreadable, now_us)
            sys.stdout.write(printed_json(document, indent=0 if follow else 2) + "\n")
        else:
            console = stdout()
            if official is not None:
                print_official(console, official)
            if official is None or not case.is_empty:
                print_case(console, case, now_us, alert_id=wanted.record_id)
            if files.unreadable:
                console.print(
                    Text(f"{counted(files.unreadable, 'record')} left out, which no version of Antiphon wrote.")
                )
        if follow and isinstance(records, EnrichedLog):
            await _follow(records, match.key, as_json=as_json)
    return 0


def _list(wanted: AccountQuery, matches: list[Match], *, as_json: bool) -> None:
    if as_json:
        write_json({"asked": wanted.text, "matches": [{"key": m.key, "account": m.account} for m in matches]})
        return
    console = stdout()
    console.print(Text(f"{counted(len(matches), 'account')} can be meant by {printable(wanted.text, 100)}:"))
    made = table("Handle", "Name", "Kind", "Type")
    for match in matches:
        kinds = ("subject" if match.is_subject else "", "official" if match.roster else "")
        row(
            made, match.account.handle, printable(match.account.name or "", 40), ", ".join(filter(None, kinds)),
            f"antiphon show {shlex.quote(match.key)}",
        )  # fmt: skip
    console.print(made)


def _document(
    wanted: AccountQuery, case: CaseFile, official: OfficialFile | None, unreadable: int, now_us: int
) -> dict[str, Any]:
    """One document. What is not known is `null`."""
    return {
        "asked": wanted.text,
        "key": case.key,
        "account": case.account,
        "roster": case.roster,
        "dossier": case.dossier,
        "alerts": [
            {
                "state": alert_state(versions[-1].record, now_us),
                "alert": versions[-1].record,
                "versions": versions,
                "acceptances": acceptances_of(case, versions[-1].record.id),
                "evidence": linked_evidence(versions[-1].record, case.dossier, case.amplifications),
            }
            for versions in case.alerts
        ],
        "amplifications": case.amplifications,
        "aftermaths": case.aftermaths,
        "possible_successor_in": [each.id for each in case.successor_of],
        "unseen": case.unseen,
        "as_official": official,
        "unreadable_records": unreadable,
    }


async def _follow(log: EnrichedLog, key: str, *, as_json: bool) -> None:
    """Say what is written about the account, without end."""
    if not as_json:
        stderr().print(Text(f"Following {printable(key)}. Ctrl-C ends it.", style="dim"))
    async with aclosing(log.follow(_FOLLOWED)) as stream:
        async for stored in stream:
            try:
                record = record_of(stored)
            except ValueError as error:
                stderr().print(Text(printable(f"left out: {error}", 300), style="dim"))
                continue
            if record is None or subject_key(record.platform, record.subject.id) != key:
                continue
            written_at = from_us(stored.written_ms * 1_000)
            if as_json:
                line = {"topic": stored.topic, "written_at": written_at, "record": record}
                sys.stdout.write(printed_json(line, indent=0) + "\n")
            else:
                said = printable(f"{written_at:%H:%M:%S} {stored.topic}: {_line(record)}")
                stdout().print(Text(said, SEVERITY_STYLES[record.severity] if isinstance(record, Alert) else ""))
            sys.stdout.flush()


def _line(record: Dossier | Alert | Aftermath | Amplification) -> str:
    match record:
        case Dossier():
            times = record.totals.retweet + record.totals.quote
            last = minute(record.last_amplified_at)
            return f"amplified {times:,} times by {counted(record.distinct_officials, 'official')}, last {last}"
        case Alert():
            return f"{record.rule} {record.severity} {record.status}: {record.summary}"
        case Aftermath():
            deletions = f"{counted(record.references, 'reference')}, {counted(record.deletions, 'deletion')}"
            return f"in {record.country}, {record.status}: {deletions}"
        case Amplification():
            return f"{record.kind} by {record.official.handle or record.official.id} at {minute(record.at)}"
