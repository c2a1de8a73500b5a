"""The proof of an alert as a download: it verifies, is logged, and is refused in words where it cannot be made."""

import json
from io import BytesIO
from pathlib import Path

import pytest

from streams.console.feed.from_folder import fill_from_folder
from streams.console.store.filters import AlertFilter, PageOf
from streams.console.store.reading import Store
from streams.proofs.answers import Answer
from streams.proofs.archive import open_archive
from streams.proofs.checking import verify
from tests.console.web.running import running_console


@pytest.mark.slow
def test_a_downloaded_proof_recounts_the_alert_byte_for_byte(
    case_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="streams")
    [alert] = [each for each in case_store.alerts(AlertFilter(), PageOf()).rows if each.rule == "new-account-sustained"]
    with running_console(case_store) as console:
        asked = console.ask(f"/alerts/{alert.id}/proof.zip")
        assert console.ask(f"/alerts/{'0' * 32}/proof.zip").status == 404
        page = json.loads(console.ask(f"/alerts/{alert.id}.json").body)
    assert (asked.status, asked.headers["content-type"]) == (200, "application/zip")
    verdict = verify(open_archive(BytesIO(asked.body), len(asked.body)))
    assert verdict.answer is Answer.OK
    answers = {check.question: check.answer for check in verdict.checks}
    assert (answers["alert.json"], answers["reconstruction"]) == (Answer.OK, Answer.STATED)
    name = f"proof-{alert.id[:12]}.zip"
    assert asked.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert page["proof"]["verify"] == f"antiphon proof verify {name}", "the command beside the download names that file"
    (record,) = [each for each in caplog.records if each.getMessage() == "console export"]
    assert (vars(record)["form"], vars(record)["bytes"]) == ("proof", len(asked.body))


def test_without_evidence_it_says_where_a_proof_can_be_made(case_folder: Path, tmp_path: Path) -> None:
    results, place = tmp_path / "results", tmp_path / "store"
    results.mkdir()
    place.mkdir()
    (results / "alerts.ndjson").write_bytes((case_folder / "alerts.ndjson").read_bytes())
    fill_from_folder(str(results), place)
    store = Store(place)
    alert = json.loads((results / "alerts.ndjson").read_bytes().splitlines()[0])["id"]
    with running_console(store) as console:
        refused = console.ask(f"/alerts/{alert}/proof.zip")
    store.close()
    assert refused.status == 503
    told = json.loads(refused.body)
    assert "is not kept here" in told["error"]
    assert "antiphon proof export" in told["remedy"]
