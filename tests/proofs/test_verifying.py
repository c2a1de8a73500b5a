"""A proof verifies if and only if what was published follows from what is in it; what is wrong is named."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.enriched import Alert
from streams.core.watching.aftermath_records import Aftermath
from streams.proofs import checking, layout
from streams.proofs.answers import Answer
from streams.proofs.archive import NotAProofError
from streams.proofs.layout import IndexedEvent
from tests.proofs.conftest import Prove
from tests.proofs.forging import Forgery, checked, failed, files_in, named
from tools.proofs.story import ROSTER_WITHOUT_ENVOY, RULES, SUBJECT, story, written


def test_what_was_told_of_a_subject_is_found_again_byte_for_byte(subject_proof: bytes) -> None:
    """Alerts of both kinds, the dossier and the aftermath."""
    verdict = checked(subject_proof)
    recounted = {check.question: check.detail for check in verdict.checks if "recounted" in check.detail}
    assert verdict.answer is Answer.OK
    assert sorted(name.partition("/")[0] for name in recounted) == ["aftermath.json", *["alerts"] * 3, "dossier.json"]
    assert all(detail.startswith("recounted, equal byte for byte") for detail in recounted.values())


def test_an_aftermath_whose_texts_of_deleted_posts_were_withheld_is_found_again(subject_proof: bytes) -> None:
    """As the pipeline tells it by default; another text in place of one is a difference."""
    told = msgspec.json.decode(files_in(subject_proof)[layout.AFTERMATH], type=Aftermath)
    first, *others = told.listed_deletions
    assert first.text
    withheld = replace(first, text="", shared_words=(), text_withheld=True)
    for changed, answer in ((withheld, Answer.OK), (replace(withheld, text="x"), Answer.FAILED)):
        forgery = Forgery(subject_proof)
        record = replace(told, listed_deletions=(changed, *others))
        forgery.files[layout.AFTERMATH] = msgspec.json.encode(record) + b"\n"
        assert named(checked(forgery.sealed()), layout.AFTERMATH) is answer


def test_the_proof_of_an_alert_on_a_subject_has_no_other_events_of_the_officials(alert_proof: bytes) -> None:
    """Neither what strangers did nor what officials wrote of something else."""
    forgery = Forgery(alert_proof)
    ids = {entry.id for entry in forgery.index}
    assert checked(alert_proof).answer is Answer.OK
    assert ids >= {"profile-1", "rt-0", "rt-7", "gone-1", "notice-1", "follow-1", "answer-1", "gap-1"}
    assert ids.isdisjoint({"other-1", "other-2", "other-3", "late-0", "del-0"})


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_byte_can_be_changed(data: st.DataObject, alert_proof: bytes) -> None:
    """Wherever it stands: in a file, before it, or in the directory."""
    place = data.draw(st.integers(0, len(alert_proof) - 1), label="place")
    flip = data.draw(st.integers(1, 255), label="flip")
    changed = bytearray(alert_proof)
    changed[place] ^= flip
    try:
        verdict = checked(bytes(changed))
    except NotAProofError:
        return
    wrong = failed(verdict)
    assert verdict.answer is Answer.FAILED
    whose = _file_at(alert_proof, place)
    assert whose in wrong["hashes"]


def _file_at(proof: bytes, place: int) -> str:
    begins = {name: proof.index(data) for name, data in files_in(proof).items()}
    return max((name for name, begin in begins.items() if begin <= place), key=lambda name: begins[name])


def test_no_record_can_be_changed_however_odd_the_byte(subject_proof: bytes) -> None:
    """A byte that is no UTF-8, in the name of a field: as the property above once found it."""
    name = next(name for name in files_in(subject_proof) if name.startswith("alerts/"))
    changed = files_in(subject_proof)[name].replace(b'"dropped_', b'"\xe4ropped_')
    assert "is no alert" in failed(checked(Forgery(subject_proof).sealed({name: changed})))["content"]


def test_every_event_that_is_dropped_is_named(subject_proof: bytes) -> None:
    """Also where index, manifest and sums agree with what is left."""
    for place in range(len(Forgery(subject_proof).events)):
        forgery = Forgery(subject_proof)
        name = forgery.drop(place, also_expected=False)
        verdict = checked(forgery.sealed())
        assert named(verdict, "hashes") is Answer.OK
        assert f"{name} is said to count and is not here" in failed(verdict)["events count"]


def test_an_alert_does_not_follow_from_fewer_amplifications_though_nobody_says_that_they_were_there(
    alert_proof: bytes,
) -> None:
    """What nothing but the recount can know: the forged proof agrees with itself in all else."""
    amplifications = [entry.id for entry in Forgery(alert_proof).index if entry.kind == "retweet"]
    assert len(amplifications) == 8
    for amplification in amplifications:
        forgery = Forgery(alert_proof)
        forgery.drop([entry.id for entry in forgery.index].index(amplification), also_expected=True)
        wrong = failed(checked(forgery.sealed()))
        assert set(wrong) == {"alert.json", "dossier.json"}
        assert "published" in wrong["alert.json"]
        assert "recomputed" in wrong["alert.json"]


@pytest.mark.parametrize("event", ["gone-1", "rt-5"])
def test_an_alert_does_not_follow_without_what_was_taken_back(alert_proof: bytes, event: str) -> None:
    """The deletion by which an amplification counts no more, and the amplification itself."""
    forgery = Forgery(alert_proof)
    forgery.drop([entry.id for entry in forgery.index].index(event), also_expected=True)
    wrong = failed(checked(forgery.sealed()))
    assert set(wrong) == {"alert.json", "dossier.json"}


def test_without_the_recount_nothing_of_this_would_be_noticed(
    alert_proof: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forged proofs of the tests above are such that all other questions are answered well."""
    forgery = Forgery(alert_proof)
    forgery.drop([entry.id for entry in forgery.index].index("rt-3"), also_expected=True)
    forged = forgery.sealed()
    assert checked(forged).answer is Answer.FAILED
    monkeypatch.setattr(checking, "recount_checks", lambda *_: [])
    assert checked(forged).answer is Answer.OK


def test_an_event_that_stands_there_twice_is_named(alert_proof: bytes) -> None:
    """With its line in the index, and all sums right."""
    forgery = Forgery(alert_proof)
    forgery.insert(4, forgery.events[4], forgery.index[4])
    assert "line 6: the same event twice" in failed(checked(forgery.sealed()))["events"]


def test_events_in_another_order_are_named(alert_proof: bytes) -> None:
    """With their lines in the index, and without."""
    forgery = Forgery(alert_proof)
    forgery.events[2], forgery.events[5] = forgery.events[5], forgery.events[2]
    assert "line 3: its SHA-256" in failed(checked(forgery.sealed()))["events"]
    forgery.index[2], forgery.index[5] = forgery.index[5], forgery.index[2]
    assert "not in the order of time" in failed(checked(forgery.sealed()))["events"]


def test_a_changed_event_with_its_hash_made_right_changes_the_alert(alert_proof: bytes) -> None:
    """As if another official had retweeted."""
    forgery = Forgery(alert_proof)
    place = [entry.id for entry in forgery.index].index("rt-1")
    changed = forgery.events[place].replace(b'"id":"102"', b'"id":"103"').replace(b"embassy_102", b"embassy_103")
    forgery.events[place] = changed
    forgery.index[place] = msgspec.structs.replace(forgery.index[place], sha256=sha256(changed).hexdigest())
    forgery.expected = msgspec.structs.replace(forgery.expected, counted={})
    wrong = failed(checked(forgery.sealed()))
    assert "official" in wrong["alert.json"]


def test_an_index_that_names_another_event_is_named(alert_proof: bytes) -> None:
    """The bytes decide what an event is."""
    forgery = Forgery(alert_proof)
    forgery.index[4] = msgspec.structs.replace(forgery.index[4], id="rt-77")
    assert "line 5: events-index.ndjson names another event" in failed(checked(forgery.sealed()))["events"]


def test_another_roster_is_named_with_what_counts_no_more(alert_proof: bytes) -> None:
    """The next one, from which an official was taken."""
    wrong = failed(checked(Forgery(alert_proof).sealed({layout.ROSTER: ROSTER_WITHOUT_ENVOY})))
    assert "alert.json rests on roster" in wrong["roster"]
    assert "retweet/rt-0" in wrong["events count"]
    assert "counts as nothing, and was said to count as post of IR; retweet by 101" in wrong["events count"]
    assert "published" in wrong["alert.json"]


def test_other_rules_are_named(alert_proof: bytes) -> None:
    """A threshold that is one higher is another rule."""
    rules = RULES.replace(b"distinct_officials = { at_least = 3 }", b"distinct_officials = { at_least = 4 }", 1)
    wrong = failed(checked(Forgery(alert_proof).sealed({layout.RULES: rules})))
    assert "alert.json rests on rule three-officials" in wrong["rules"]
    assert "alert.json" in wrong


@pytest.mark.parametrize(
    ("stated", "forged", "place"),
    [
        (b'"distinct_officials":5', b'"distinct_officials":6', "$.figures.distinct_officials"),
        (b'"severity":"warning"', b'"severity":"critical"', "$.severity"),
        (b'"evidence_total":8', b'"evidence_total":9', "$.evidence_total"),
    ],
)
def test_a_changed_alert_is_named_with_the_field(alert_proof: bytes, stated: bytes, forged: bytes, place: str) -> None:
    """What was published and what follows stand beside each other."""
    files = files_in(alert_proof)
    assert stated in files[layout.ALERT]
    changed = files[layout.ALERT].replace(stated, forged)
    wrong = failed(checked(Forgery(alert_proof).sealed({layout.ALERT: changed})))
    assert f"{place}: published" in wrong["alert.json"]


def test_the_alert_of_another_proof_is_named(
    subject_proof: bytes, alert_proof: bytes, alert_ids: dict[str, str]
) -> None:
    """A proof says of which alert it is."""
    other = files_in(subject_proof)[f"alerts/{alert_ids['gone']}.json"]
    assert failed(checked(Forgery(alert_proof).sealed({layout.ALERT: other})))["records"] == (
        "alert.json is another alert | alert.json is another alert"
    )


def test_unrelated_events_change_nothing(prove: Prove, alert_proof: bytes, alert_ids: dict[str, str]) -> None:
    """Neither in the files that a proof is made from nor, with all sums made right, in the proof."""
    related = [event for event in story() if not event.id.startswith(("other", "late", "del"))]
    lean, full = (files_in(prove(alert_ids["three-officials"], events).file) for events in (written(related), None))
    assert lean[layout.EVENTS] == full[layout.EVENTS]
    assert lean[layout.EXPECTED] == full[layout.EXPECTED]
    forgery = Forgery(alert_proof)
    post = next(event for event in story() if event.id == "other-2")
    line = msgspec.json.encode(post)
    entry = IndexedEvent(platform="twitter", kind="post", id=post.id, at=post.at, sha256=sha256(line).hexdigest())
    times = [entry.at for entry in forgery.index]
    place = next(number for number, at in enumerate(times) if at is not None and at > post.at)
    forgery.insert(place, line, entry)
    verdict = checked(forgery.sealed())
    assert verdict.answer is Answer.OK
    assert "1 more of which nothing is said change no record" in next(
        check.detail for check in verdict.checks if check.question == "events count"
    )


@pytest.mark.slow
def test_a_subject_beyond_what_is_retained_is_partial(prove: Prove) -> None:
    """1,030 amplifications, of which 1,024 are retained: equal or not, six rest on counts alone."""
    events = [
        msgspec.structs.replace(story()[3], id=f"rt-{number}", at=story()[3].at.replace(microsecond=number))
        for number in range(1_030)
    ]
    verdict = checked(prove(f"twitter:{SUBJECT.id}", written(events)).file)
    assert verdict.answer is Answer.PARTIAL
    assert "6 taken as counted" in next(check.detail for check in verdict.checks if check.question == "dossier.json")


def test_a_redacted_proof_has_no_texts_and_says_what_cannot_be_checked(prove: Prove, alert_ids: dict[str, str]) -> None:
    """What looks at no text is recounted all the same; what does never passes."""
    on_subject = prove(alert_ids["three-officials"], redact=True).file
    on_aftermath = prove(alert_ids["cleaned"], redact=True).file
    for proof in (on_subject, on_aftermath):
        files = files_in(proof)
        assert all(b"of a post" not in data and b"every word" not in data for data in files.values())
    verdict = checked(on_subject)
    assert named(verdict, "alert.json") is Answer.OK
    assert named(verdict, "texts") is Answer.STATED
    assert named(checked(on_aftermath), "alert.json") is Answer.NOT_CHECKABLE
    assert checked(on_aftermath).answer is Answer.NOT_CHECKABLE
    originals = {entry.id: entry.sha256 for entry in Forgery(prove(alert_ids["three-officials"]).file).index}
    redacted = {entry.id: entry.sha256 for entry in Forgery(on_subject).index}
    assert redacted == originals


def test_a_withheld_event_is_said_and_nothing_that_rests_on_it_passes(alert_proof: bytes) -> None:
    """Its hash stays, its bytes are gone; what cannot be recounted is no failure and no success."""
    forgery = Forgery(alert_proof)
    place = [entry.id for entry in forgery.index].index("rt-2")
    entry = msgspec.structs.replace(forgery.index.pop(place), withheld="a person's request", at=None)
    del forgery.events[place]
    forgery.index.append(entry)
    forgery.events.append(b"")
    verdict = checked(forgery.sealed())
    assert verdict.answer is Answer.NOT_CHECKABLE
    assert named(verdict, "withheld") is Answer.NOT_CHECKABLE
    assert named(verdict, "alert.json") is Answer.NOT_CHECKABLE


@pytest.mark.slow
def test_what_is_no_json_or_another_shape_is_said_and_never_a_crash(alert_proof: bytes) -> None:
    """Each file of a proof, replaced by something else, with sums that agree."""
    for name in files_in(alert_proof):
        if name in (layout.MANIFEST, layout.SUMS):
            continue
        for data in (b"", b"\n", b"[" * 100_000, b"{}\n", b"\xff\xfe\n", b"null\n"):
            verdict = checked(Forgery(alert_proof).sealed({name: data}))
            if name not in (layout.PAGE, layout.README, layout.CRATE, layout.AFTERMATH):
                assert verdict.answer is Answer.FAILED, name


def test_a_file_that_is_missing_is_said(alert_proof: bytes) -> None:
    """Each one that verifying needs."""
    for name in (layout.ALERT, layout.EVENTS, layout.INDEX, layout.ROSTER, layout.RULES, layout.EXPECTED):
        forgery = Forgery(alert_proof)
        proof = forgery.sealed()
        assert checked(proof).answer is Answer.OK
        files = {each: data for each, data in files_in(proof).items() if each != name}
        assert checked(_sealed(forgery, files)).answer is Answer.FAILED


@pytest.mark.slow
def test_what_is_packed_right_and_full_of_rubbish_takes_bounded_time_and_memory(
    alert_proof: bytes, tmp_path: Path
) -> None:
    """As much as a proof may have of what is parsed as a whole, and lists of what is wrong that would not end."""
    forgery = Forgery(alert_proof)
    said = b",".join(b'"event %d":["a","b"]' % number for number in range(200_000))
    expected = b'{"records":[],"read_up_to":"2024-01-01T00:00:00Z","taken_as_counted":0,"counted":{%s}}' % said
    entry = b'{"platform":"a","kind":"post","id":"1","sha256":"%s","withheld":"x"}\n' % (b"0" * 64)
    row = b"twitter,x,,,IR,diplomat,https://example.org/,,\n"
    rubbish = {
        "expected": {layout.EXPECTED: expected},
        "events": {layout.INDEX: entry * 300_000, layout.EVENTS: b"\n" * 300_000},
        "nested": {layout.ALERT: b"[" * 3_900_000 + b"\n"},
        "roster": {layout.ROSTER: forgery.files[layout.ROSTER] + row * 15_000},
    }
    for name, files in rubbish.items():
        (tmp_path / f"{name}.zip").write_bytes(forgery.sealed(files))
    program = """
import resource, sys, time
from pathlib import Path
from streams.cli.proof_verdict import verified
from streams.proofs.seals import Trusted
from streams.proofs.answers import Answer
files = sorted(Path(sys.argv[1]).iterdir())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in files:
    began = time.process_time()
    if verified(str(path), Trusted()).answer is not Answer.FAILED:
        sys.exit(f"{path.name} passed")
    if (took := time.process_time() - began) > 10:
        sys.exit(f"{path.name} took {took} s")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
sys.exit(f"{grown} kB more" if grown > 150_000 else 0)
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def _sealed(forgery: Forgery, files: dict[str, bytes]) -> bytes:
    from streams.proofs.archive import pack

    kept = {name: data for name, data in files.items() if name not in (layout.MANIFEST, layout.SUMS)}
    manifest = layout.manifest_of(forgery.manifest.about, kept, redacted=False, note="")
    kept[layout.SUMS] = layout.sums_of(msgspec.json.decode(manifest, type=layout.ProofManifest), manifest)
    return pack(kept | {layout.MANIFEST: manifest})


def test_an_alert_record_of_an_earlier_version_with_fewer_fields_still_verifies(alert_proof: bytes) -> None:
    """Later versions may say more of the same."""
    alert = msgspec.json.decode(files_in(alert_proof)[layout.ALERT])
    assert alert["dropped_amplifications"] == 0
    del alert["dropped_amplifications"]
    changed = msgspec.json.encode(alert) + b"\n"
    assert msgspec.json.decode(changed, type=Alert).dropped_amplifications == 0
    verdict = checked(Forgery(alert_proof).sealed({layout.ALERT: changed}))
    assert verdict.answer is Answer.OK
