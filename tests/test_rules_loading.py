"""Where rules come from: the bundled file says what was asked for, and a file of the user's is read or named."""

from pathlib import Path

import pytest

from streams.core.clock import DAY_US
from streams.core.rule_files.rule_file import MAX_FILE_BYTES, RulesError
from streams.core.rulebook.rules import Condition
from streams.errors import InputError
from streams.rules_loading import bundled_rules, bundled_rules_text, load_rules


def _least(figure: str, number: float) -> Condition:
    return Condition(figure=figure, at_least=number)


def _most(figure: str, number: float) -> Condition:
    return Condition(figure=figure, at_most=number)


def test_the_bundled_rules_have_the_thresholds_they_were_asked_to_have() -> None:
    """The rules of the project's issues 2 and 4, to the number; `silence` asks for a voice before as well."""
    rules = bundled_rules().rules
    assert {rule.name: set(rule.when) for rule in rules} == {
        "new-account-burst": {_most("age_days", 90), _least("distinct_officials_7d", 3)},
        "new-account-sustained": {
            _most("age_at_first_amplification_days", 90),
            _most("age_days", 365),
            _least("distinct_officials", 5),
            _least("amplifications", 20),
        },
        "low-profile": {
            _most("followers", 5_000),
            _least("distinct_officials_30d", 5),
            _least("amplifications_30d", 10),
        },
        "single-patron": {_most("age_days", 365), _least("top_official_amplifications", 20)},
        "amplified-then-suspended": {_least("distinct_officials", 5), Condition(figure="suspended", equals=True)},
        "clean-up": {_least("deletions", 5), _least("deletion_ratio", 3)},
        "silence": {
            _least("amplifying_officials", 5),
            _least("silent_share", 0.8),
            _least("references_before", 10),
        },
        "possible-successor": {_least("possible_successors", 1)},
    }
    assert {rule.mode for rule in rules} == {"live"}
    assert [rule.name for rule in rules if rule.on == "aftermath"] == ["clean-up", "silence", "possible-successor"]


def test_a_slow_rule_does_not_expire_between_the_amplifications_of_the_case() -> None:
    """84 amplifications in 200 days are days apart: rules that count since creation stay quiet for weeks."""
    quiet = {rule.name: rule.quiet_us for rule in bundled_rules().rules}
    assert all(
        quiet[name] >= 30 * DAY_US for name in ("new-account-sustained", "single-patron", "amplified-then-suspended")
    )
    assert quiet["new-account-burst"] == 7 * DAY_US, "no longer than its window: a second burst is a second alert"


def test_no_path_means_the_bundled_rules() -> None:
    assert load_rules(None) == bundled_rules()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_copy_of_the_bundled_file_is_the_bundled_rules(tmp_path: Path, mark: bytes) -> None:
    """A byte order mark, as some editors put before UTF-8 text, changes nothing; neither do CRLF line ends."""
    path = tmp_path / "rules.toml"
    path.write_bytes(mark + bundled_rules_text().replace("\n", "\r\n").encode())
    assert load_rules(path) == bundled_rules()


def test_a_missing_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_rules(tmp_path / "no\x1b[2J.toml")
    assert r"no\x1b[2J.toml" in caught.value.message
    assert "--rules" in caught.value.remedy


@pytest.mark.parametrize("name", [".", "nul\0"])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    """A directory, and a path that no file can have."""
    with pytest.raises(InputError, match="cannot be read"):
        load_rules(tmp_path / name)


def test_bytes_that_are_not_utf8_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"# one\n# tw\xf6\n")
    with pytest.raises(InputError, match=r"not UTF-8 text \(line 2\)"):
        load_rules(path)


@pytest.mark.parametrize("filler", ["#", "é"])
def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, filler: str) -> None:
    """The size is the problem told, even where the part that is read ends within a character."""
    path = tmp_path / "rules.toml"
    path.write_bytes(b"##" + (filler * MAX_FILE_BYTES).encode())
    with pytest.raises(RulesError, match="larger than 1,000,000 bytes"):
        load_rules(path)


def test_problems_name_the_file_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(bundled_rules_text().replace("followers = {", "folowers = {"), encoding="utf-8")
    line = (
        path.read_text(encoding="utf-8")
        .splitlines()
        .index("folowers = { at_most = 5_000 } # a choice, as are the next two")
    )
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    assert str(path) in caught.value.message
    assert f"line {line + 1}: rules.low-profile.when.folowers: 'folowers' is not a figure; did you mean followers?" in (
        caught.value.message
    )
