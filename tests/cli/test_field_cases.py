"""Inputs of the kind that real users have: each gives its right result, by the backtest and by the pipeline.

The folders lie beside the project (`../shared/field`) and are no part of it; each says in its README what is right.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import Struct

from tests.cli.conftest import Antiphon

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

THOROUGH: Final = bool(os.environ.get("ANTIPHON_TEST_THOROUGH"))
_FIELD: Final = Path(__file__).parents[2] / ".." / "shared" / "field"
_YOUNG: Final = frozenset({"low-profile", "new-account-burst"})
_SUSPENDED: Final = _YOUNG | {"amplified-then-suspended"}
_SILENT: Final = _SUSPENDED | {"silence"}
_BURST: Final = frozenset({"new-account-burst"})


class _Right(Struct, frozen=True, kw_only=True):
    """What a run gives: its exit status, amplifications published, and of the subject with alerts, if there is one,
    the amplifications that stand, officials, those taken back, rules; references of its aftermath. `said` is part of
    what stands on standard error.
    """

    status: int = 0
    amplifications: int = 0
    stand: int | None = None
    officials: int = 0
    taken_back: int = 0
    rules: frozenset[str] = frozenset()
    references: int | None = None
    said: str = ""


def _young(count: int, officials: int, rules: frozenset[str] = _BURST, **more: Any) -> _Right:
    return _Right(amplifications=count, stand=count, officials=officials, rules=rules, **more)


_NINE: Final = _young(9, 4)
_GONE: Final = _young(18, 6, _SILENT, references=0)
_REFERRED: Final = _young(18, 6, _SUSPENDED, references=6)
_TIMELINE: Final = _young(1_324, 6, _YOUNG | {"new-account-sustained"})
_TAKEN_BACK: Final = _Right(amplifications=18, stand=14, officials=6, taken_back=4, rules=_YOUNG)
_BAD_ROSTER: Final = _Right(status=2, said="write")

# By folder, files and roster, as the READMEs name them; `-` reads the file from standard input.
_CASES: Final[dict[tuple[str, str, str], _Right]] = {
    ("original_gone", "no_deletions.jsonl", "roster"): _GONE,
    ("original_gone", "gone_after_notice.jsonl", "roster"): _GONE,
    ("original_gone", "gone_before_notice.jsonl", "roster"): _GONE,
    ("original_gone", "gone_before_notice.canonical.jsonl", "roster"): _GONE,
    ("owner_deactivated", "deactivated.jsonl", "roster"): _young(18, 6, _YOUNG),
    ("owner_deactivated", "off_for_a_night.jsonl", "roster"): _young(18, 6, _YOUNG),
    ("seen_again_after_deletion", "first_look.jsonl", "roster"): _Right(
        amplifications=18, stand=15, officials=5, taken_back=3, rules=_BURST
    ),
    ("seen_again_after_deletion", "first_look.jsonl second_look.jsonl", "roster"): _young(18, 6),
    ("deletion_without_author", "with_author.jsonl", "roster"): _TAKEN_BACK,
    ("deletion_without_author", "without_author.jsonl", "roster"): _TAKEN_BACK,
    ("edited_quote_counts_twice", "edited.jsonl", "roster"): _Right(amplifications=1),
    ("quote_of_gone_post", "quote.jsonl", "roster"): _Right(amplifications=2),
    ("roster_handle_moved", "in.jsonl", "roster"): _young(10, 5, said="@Mfa_Alpha of the roster was 2 accounts"),
    ("roster_handle_of_an_office", "fetched_in_march.jsonl", "roster"): _Right(
        amplifications=5, said="one account, 700002, acted in 2 terms of @Speaker_A"
    ),
    ("trimmed_users", "mixed.jsonl", "roster_ids"): _young(9, 3),
    ("trimmed_users", "mixed.jsonl", "roster"): _young(9, 3),
    ("suspension_id_ends_in_00", "notice.jsonl", "roster"): _GONE,
    ("roster_rounded_id", "in.jsonl", "exact"): _Right(amplifications=3),
    ("roster_rounded_id", "in.jsonl", "excel"): _Right(status=2, said="what a spreadsheet or floating point leaves"),
    ("roster_rounded_id", "in.jsonl", "double"): _Right(said="acted under the id 1345678901234567890, which is not on"),
    ("dot_before_mention", "control.jsonl", "roster"): _REFERRED,
    ("dot_before_mention", "dotted.jsonl", "roster"): _REFERRED,
    ("dot_before_mention", "links_of_2011.jsonl", "roster"): _REFERRED,
    ("python_twitter_json", "tweets.jsonl", "roster"): _Right(),
    ("timelines_newest_first", "oldest_first.jsonl.gz", "roster"): _TIMELINE,
    ("timelines_newest_first", "newest_first.jsonl.gz", "roster"): _TIMELINE,
    ("timelines_newest_first", "by_account.jsonl.gz", "roster"): _TIMELINE,
    ("standard_input_links", "tweets.jsonl", "roster"): _young(18, 6, _YOUNG),
    ("standard_input_links", "-tweets.jsonl", "roster"): _young(18, 6, _YOUNG),
    **{
        ("one_field_refuses_all", f"{name}.jsonl", "roster"): _NINE
        for name in (
            *("id_is_string", "id_str_is_number", "followers_float", "followers_string", "verified_0", "nan"),
            *("entities_empty_list", "mongoexport", "long_link", "half_emoji_in_name"),
        )
    },
    ("flat_rows_skipped_as_users", "flat.jsonl", "roster"): _Right(status=1, said="a flat row of a table of statuses"),
    ("gzip_breaks_off", "partial.jsonl.gz", "roster"): _young(10, 4, status=1, said="breaks off at line 11"),
    **{
        ("roster_never_matches", "in.jsonl", name): _NINE
        for name in ("handle_url", "handle_url_query", "handle_dot_at", "handle_fullwidth_at")
    },
    **{
        ("roster_never_matches", "in.jsonl", name): _BAD_ROSTER
        for name in ("id_dot_zero", "id_apostrophe", "id_prefix", "id_formula", "id_thousands", "platform_x")
    },
    ("roster_never_matches", "in.jsonl", "id_is_handle"): _Right(status=2, said="put it under handle"),
    ("roster_never_matches", "in.jsonl", "one_id_None"): _Right(status=2, said="leave the field empty"),
    ("roster_two_in_a_cell", "in.jsonl", "roster"): _BAD_ROSTER,
    ("suspension_as_stream_event", "stream.jsonl", "roster"): _GONE,
    ("array_one_object_a_line", "tweets.json", "roster"): _NINE,
    **{("bom", f"{name}.jsonl", "roster"): _NINE for name in ("one", "two_joined")},
    **{("joined_without_newline", name, "roster"): _NINE for name in ("joined.jsonl", "all_in_one_line.json")},
    **{
        ("wrapped_files", name, "roster"): _NINE
        for name in (
            *("array.json", "pretty.json", "search_response.json", "elastic.jsonl", "powershell_utf16.jsonl"),
            *("length_delimited.txt", "download.zip"),
        )
    },
    ("tar_first_lines", "stream.tar.gz", "roster"): _NINE,
    ("tar_first_lines", "archive_org.tar", "roster"): _NINE,
    ("tweets_and_suspension_list", "tweets.jsonl suspended.csv", "roster"): _young(9, 4, references=0),
    **{
        ("suspension_lists", f"{name}.csv", "roster"): _Right()
        for name in ("two_columns", "semicolons", "extra_column", "other_order", "time_of_day")
    },
    ("suspension_lists", "handles.csv", "roster"): _Right(status=1, said="no column with the ids of accounts"),
    ("suspension_lists", "excel_id.csv", "roster"): _Right(status=2, said="Export them again as text"),
    ("twitter_archive_export", "tweets.js", "roster"): _Right(status=1, said="no event in 9 lines"),
    ("wrapped_messages", "site_stream.jsonl", "roster"): _young(9, 3),
    ("wrapped_messages", "webhook.jsonl", "roster"): _young(9, 3),
    ("wrapped_messages", "lookup_map.json", "roster"): _young(9, 3),
    ("wrapped_messages", "harvest.warc.gz", "roster"): _young(9, 3, status=1, said="28 of 46 lines were refused"),
}

# What is said otherwise where nobody names a format.
_UNNAMED: Final = {
    ("flat_rows_skipped_as_users", "flat.jsonl", "roster"): _Right(status=1, said="is of no known format"),
    ("twitter_archive_export", "tweets.js", "roster"): _Right(status=1, said="give the folder with its account.js"),
}
_THROUGH_TOPICS: Final = (
    ("original_gone", "gone_before_notice.canonical.jsonl", "roster"),
    ("seen_again_after_deletion", "first_look.jsonl second_look.jsonl", "roster"),
)


@pytest.fixture(scope="module")
def field() -> Path:
    if not _FIELD.is_dir():
        pytest.skip("left out: ../shared/field is not there, and is not part of the project")
    return _FIELD.resolve()


def _run(
    antiphon: Antiphon, field: Path, case: tuple[str, str, str], command: str, *formats: str
) -> tuple[int, Any, str]:
    folder, names, roster = field / case[0], case[1].split(), case[2]
    piped = (folder / names[0][1:]).read_bytes() if names[0].startswith("-") else None
    paths = ["-"] if piped is not None else [str(folder / name) for name in names]
    named = [word for name in formats for word in ("--format", name)]
    arguments = (command, *paths, *named, "--roster", str(folder / f"{roster}.csv"), "--json")
    result = antiphon(*arguments) if piped is None else antiphon(*arguments, piped=piped)
    return result.exit_code, json.loads(result.stdout) if result.stdout else None, result.stderr


def _formats(case: tuple[str, str, str]) -> tuple[str, ...]:
    if "canonical" in case[1] or case[0] in ("seen_again_after_deletion", "deletion_without_author"):
        return ("canonical",)
    return ("twitter-v1", "suspensions-csv") if case[1].endswith(".csv") else ("twitter-v1",)


def _found(status: int, document: Any, said: str, right: _Right) -> _Right:
    """What came out, in the form of what is right; of what was said only the part that matters."""
    said = right.said if right.said in said else said
    if document is None:
        return _Right(status=status, said=said)
    if not document["alerted"]:
        return _Right(status=status, amplifications=document["amplifications"], said=said)
    (subject,) = document["alerted"]
    dossier = subject["dossier"]
    references = [each["references"] for each in document["aftermaths"]]
    return _Right(
        status=status,
        amplifications=document["amplifications"],
        stand=dossier["totals"]["retweet"] + dossier["totals"]["quote"],
        officials=dossier["distinct_officials"],
        taken_back=dossier["withdrawn"],
        rules=frozenset(alert["rule"] for alert in subject["alerts"]),
        references=references[0] if references else None,
        said=said,
    )


@pytest.mark.parametrize("case", _CASES, ids="/".join)
def test_each_case_gives_its_right_result_by_the_backtest(
    antiphon: Antiphon, field: Path, case: tuple[str, str, str]
) -> None:
    right = _CASES[case]
    assert _found(*_run(antiphon, field, case, "backtest", *_formats(case)), right) == right


@pytest.mark.parametrize("case", _CASES, ids="/".join)
def test_each_case_gives_the_same_where_nobody_names_a_format(
    antiphon: Antiphon, field: Path, case: tuple[str, str, str]
) -> None:
    right = _UNNAMED.get(case, _CASES[case])
    assert _found(*_run(antiphon, field, case, "backtest"), right) == right


@pytest.mark.parametrize("case", _CASES if THOROUGH else _THROUGH_TOPICS, ids="/".join)
def test_a_case_gives_its_right_result_by_the_pipeline(
    antiphon: Antiphon, field: Path, case: tuple[str, str, str]
) -> None:
    """All of them with ANTIPHON_TEST_THOROUGH, in ten minutes."""
    right = _CASES[case]
    assert _found(*_run(antiphon, field, case, "demo", *_formats(case)), right) == right
