"""Filters are part of the rules that are verified, as they are of those that are converted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sigmaglot import compiler
from sigmaglot.cli import cli
from sigmaglot.compiler import compile_rule
from sigmaglot.verify import run as verify_run

RULE = """\
title: Shell
name: shell
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\cmd.exe'}, condition: selection}
"""
FILTER = """\
title: Not the agent
logsource: {product: windows}
filter:
    rules: [shell]
    agent: {ParentImage|endswith: '\\agent.exe'}
    condition: not agent
"""
MANY = """\
title: Many
name: many
correlation:
    type: event_count
    rules: [shell]
    group-by: [Computer]
    timespan: 1m
    condition: {gte: 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rule.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def verify(*args: Any) -> Result:
    words = [str(arg) for arg in ("verify", *args)]
    return CliRunner().invoke(cli, [*words, "-t", "splunk", "-f", "json"])


def statuses(done: Result) -> list[str]:
    return [record["status"] for record in json.loads(done.stdout)]


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the compiler forget the filters of a rule."""

    def compiled(rule: Any, condition: Any, *args: Any) -> Any:
        bare = compiler.read_rule(rule.document, (), {}) if rule.filters else rule
        return compile_rule(bare, bare.condition, *args)

    monkeypatch.setattr(verify_run, "compile_rule", compiled)


def test_a_filter_among_the_paths_is_verified_with_its_rule(folder: Path) -> None:
    bare = json.loads(verify(folder).stdout)[0]["made"]["events"]
    write(folder, "filter", FILTER)
    done = verify(folder)
    assert done.exit_code == 0, done.output
    assert statuses(done) == ["kept"]
    assert json.loads(done.stdout)[0]["made"]["events"] > bare


def test_a_query_that_forgot_the_filter_is_broken(folder: Path, forgotten: None) -> None:
    assert statuses(verify(folder)) == ["kept"]
    path = write(folder, "filter", FILTER)
    done = verify(folder)
    (record,) = json.loads(done.stdout)
    assert (record["status"], done.exit_code) == ("broken", 1)
    assert record["counterexample"]["kind"] == "extra"
    assert record["counterexample"]["event"]["ParentImage"].endswith("\\agent.exe")
    assert str(path) in record["counterexample"]["reproduce"]


def test_a_filter_may_be_given_apart(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, forgotten: None
) -> None:
    path = write(tmp_path_factory.mktemp("apart"), "filter", FILTER)
    assert statuses(verify(folder)) == ["kept"]
    assert statuses(verify(folder, "--filter", path)) == ["broken"]


def test_a_filter_that_matches_no_rule_is_a_warning(folder: Path) -> None:
    write(folder, "filter", FILTER.replace("[shell]", "[nothing]"))
    done = verify(folder)
    assert done.exit_code == 0
    assert "warning SG142 the filter matches no rule" in done.stderr
    assert statuses(done) == ["kept"]


def test_a_filter_that_is_not_valid_fails_the_run(folder: Path) -> None:
    path = write(folder, "filter", FILTER.replace("condition: not agent", "other: {a: b}"))
    done = verify(folder)
    assert statuses(done) == ["bad rule", "kept"]
    assert done.exit_code == 1
    path = path.rename(folder / "filter.txt")
    done = verify(folder, "--filter", path)
    assert "SG141" in done.stderr
    assert (statuses(done), done.exit_code) == (["kept"], 1)


def test_filters_apply_to_the_rules_of_a_correlation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sigmaglot.verify import correlations

    write(folder, "many", MANY)
    write(folder, "filter", FILTER)
    assert statuses(verify(folder)) == ["kept"]

    def without(linked: Any, rules: Any, *args: Any) -> Any:
        bare = [compiler.read_rule(rule.document, (), {}) for rule in rules]
        return compiler.compile_correlation(linked, bare, *args)

    monkeypatch.setattr(correlations, "compile_correlation", without)
    done = verify(folder)
    (record,) = json.loads(done.stdout)
    assert record["status"] == "broken"
    for name in ("many", "rule", "filter"):
        assert str(folder / f"{name}.yml") in record["counterexample"]["reproduce"]


def test_the_rules_of_a_correlation_are_not_verified_on_their_own(folder: Path) -> None:
    write(folder, "many", MANY)
    assert [one["rule_title"] for one in json.loads(verify(folder).stdout)] == ["Many"]
    write(folder, "many", f"{MANY}    generate: true\n")
    found = json.loads(verify(folder).stdout)
    assert [one["rule_title"] for one in found] == ["Many", "Shell"]


def test_the_verdicts_do_not_depend_on_the_number_of_jobs(folder: Path) -> None:
    write(folder, "many", f"{MANY}    generate: true\n")
    write(folder, "filter", FILTER)
    for number in range(16):
        write(folder, f"rule{number}", RULE.replace("8b2a", f"80{number:02}").replace("name: shell\n", ""))  # fmt: skip
    one, two = (verify(folder, "-j", jobs) for jobs in (1, 2))
    assert one.stdout == two.stdout
    assert set(statuses(one)) == {"kept"}
    assert len(statuses(one)) == 18


def test_a_filter_that_no_verdict_names_leaves_other_rules_as_they_are(folder: Path) -> None:
    write(folder, "filter", FILTER.replace("product: windows", "product: linux"))
    done = verify(folder)
    assert "SG142" in done.stderr
    assert statuses(done) == ["kept"]
