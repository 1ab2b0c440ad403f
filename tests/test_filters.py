"""Filters: they are added to the rules that they name, and to no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sigmaglot.cli import cli
from sigmaglot.compiler import compile_documents
from sigmaglot.frontend import load_pipelines
from sigmaglot.run import compile_files, list_files
from sigmaglot.scan import Files
from sigmaglot.source import read_documents
from sigmaglot.targets import find_targets

ID = "290a1e2d-88e8-48bd-8b2a-1c98a892f5c3"
RULE = f"""\
title: Shell
id: {ID}
name: shell
logsource: {{category: process_creation, product: windows}}
detection:
    selection:
        Image|endswith: '\\cmd.exe'
    condition: 1 of them
"""
FILTER = """\
title: Not the build account
logsource: {category: process_creation, product: windows}
filter:
    rules: [shell]
    selection:
        User|startswith: 'CORP\\build'
    condition: not selection
"""
BUILD = 'not(AccountDomain =~ "CORP" and AccountName startswith "build")'


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def run(*args: Any, stdin: str | None = None) -> Any:
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)


def splunk(folder: Path, *options: Any) -> Any:
    return run("convert", folder, "-t", "splunk", *options)


@pytest.mark.parametrize(
    "rules", ["[shell]", "shell", f"[{ID}]", f"[{ID.upper()}]", "any", "[another, shell]"]
)
def test_a_filter_is_added_to_the_rules_that_it_names(rules: str, tmp_path: Path) -> None:
    text = FILTER.replace("[shell]", rules)
    result = splunk(write(tmp_path, rule=RULE, filter=text))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].endswith('Image="*\\\\cmd.exe" NOT User="CORP\\\\build*"')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[shell]", "[another]"),
        ("product: windows", "product: linux"),
        ("category: process_creation", "category: file_event"),
        ("product: windows}", "product: windows, service: sysmon}"),
    ],
)
def test_a_filter_that_matches_no_rule_is_a_warning(old: str, new: str, tmp_path: Path) -> None:
    result = splunk(write(tmp_path, rule=RULE, filter=FILTER.replace(old, new)))
    assert result.exit_code == 0
    assert "filter.yml:4:5: warning SG142 the filter matches no rule" in result.stderr
    assert "User" not in result.stdout


def test_a_filter_with_less_of_a_log_source_covers_the_rule(tmp_path: Path) -> None:
    text = FILTER.replace("category: process_creation, ", "")
    assert "NOT User" in splunk(write(tmp_path, rule=RULE, filter=text)).stdout


def test_a_condition_is_added_as_it_stands(tmp_path: Path) -> None:
    text = FILTER.replace("not selection", "selection")
    assert splunk(write(tmp_path, rule=RULE, filter=text)).stdout.endswith(
        'Image="*\\\\cmd.exe" User="CORP\\\\build*"\n'
    )


def test_several_filters_are_all_added(tmp_path: Path) -> None:
    other = FILTER.replace("User|startswith: 'CORP\\build'", "ParentImage|endswith: '\\agent.exe'")
    write(tmp_path, rule=RULE, filter=FILTER, other=other)
    assert splunk(tmp_path).stdout.endswith(
        'NOT User="CORP\\\\build*" NOT ParentImage="*\\\\agent.exe"\n'
    )


def test_filters_are_given_apart_and_warn_there(tmp_path: Path) -> None:
    rules, apart = tmp_path / "rules", tmp_path / "mine.yml"
    rules.mkdir()
    write(rules, rule=RULE)
    apart.write_text(f"{FILTER}---\n{FILTER.replace('[shell]', '[another]')}", encoding="utf-8")
    result = splunk(rules, "--filter", apart)
    assert result.exit_code == 0
    assert "NOT User" in result.stdout
    assert result.stderr.count("SG142") == 1


def test_a_rule_given_as_a_filter_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path, rule=RULE)
    result = splunk(folder, "--filter", folder / "rule.yml")
    assert result.exit_code == 1
    assert "error SG141 the document is no filter" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("    rules: [shell]\n", "", "3:1", "the filter does not say which rules it is for"),
        ("[shell]", "[]", "4:5", "the filter does not say which rules it is for"),
        ("[shell]", "[4]", "4:5", "the filter does not say which rules it is for"),
        ("    condition: not selection\n", "", "3:1", "the filter has no condition"),
    ],
)
def test_a_filter_that_is_wrong_is_one_error_at_its_place(
    old: str, new: str, place: str, message: str, tmp_path: Path
) -> None:
    result = splunk(write(tmp_path, rule=RULE, filter=FILTER.replace(old, new)))
    assert result.exit_code == 1
    assert f"filter.yml:{place}: error SG141 {message}" in result.stderr
    assert "cmd.exe" in result.stdout


def test_what_is_wrong_inside_a_filter_is_found_as_in_a_rule(tmp_path: Path) -> None:
    text = FILTER.replace("startswith", "startwith")
    result = splunk(write(tmp_path, rule=RULE, filter=text))
    assert "filter.yml:6:9: error SG125" in result.stderr
    text = FILTER.replace("not selection", "not other")
    result = splunk(write(tmp_path, rule=RULE, filter=text))
    assert "filter.yml:7:5: error SG122" in result.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_output_does_not_depend_on_jobs_or_on_the_order_of_files(
    jobs: int, tmp_path: Path
) -> None:
    rules = {
        f"r{n:02}": RULE.replace(ID, ID[:-2] + f"{n:02}").replace("name: shell", f"name: r{n}")
        for n in range(40)
    }
    names = ", ".join(f"r{n}" for n in range(40))
    write(tmp_path, **rules, a_filter=FILTER.replace("shell", names))
    results = list(
        compile_files(list_files([str(tmp_path)]), find_targets(("splunk",)), _options(), jobs=jobs)
    )
    assert len(results) == 40
    assert all("NOT User" in result.queries[0] for result in results)


def _options() -> Any:
    from sigmaglot.compiler import Options

    return Options()


def test_filters_come_by_standard_input(tmp_path: Path) -> None:
    result = run("convert", "-", "-t", "splunk", stdin=f"{RULE}---\n{FILTER}")
    assert result.exit_code == 0
    assert "NOT User" in result.stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_filter_of_a_file_is_added_to_a_rule_of_standard_input(jobs: str, tmp_path: Path) -> None:
    folder = write(tmp_path, filter=FILTER)
    result = run("convert", "-", folder, "-t", "splunk", "-j", jobs, stdin=RULE)
    assert result.exit_code == 0, result.output
    assert "NOT User" in result.stdout


def test_the_users_pipelines_rename_the_fields_of_a_filter(tmp_path: Path) -> None:
    renames = (
        "name: p\npriority: 1\ntransformations:\n- id: m\n  type: field_name_mapping\n"
        "  mapping: {User: ParentUser}\n  rule_conditions:\n  - {type: logsource, product: windows}\n"
    )
    write(tmp_path, rule=RULE, filter=FILTER)
    (result,) = compile_documents(
        read_documents([str(tmp_path)]),
        find_targets(("splunk",)),
        pipelines=load_pipelines([renames]),
    )
    assert "NOT ParentUser=" in result.queries[0]


def test_pysigma_targets_get_the_filter_too(tmp_path: Path) -> None:
    result = run("convert", write(tmp_path, rule=RULE, filter=FILTER), "-t", "pysigma:splunk")
    assert result.exit_code == 0, result.output
    assert "build*" in result.stdout


def test_match_leaves_out_what_the_filter_leaves_out(tmp_path: Path) -> None:
    scope = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1}
    events = [
        {"_id": "kept", **scope, "Image": "C:\\cmd.exe", "User": "CORP\\alice"},
        {"_id": "left", **scope, "Image": "C:\\cmd.exe", "User": "CORP\\builder"},
    ]
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    write(tmp_path, rule=RULE)
    (tmp_path / "apart").mkdir()
    write(tmp_path / "apart", filter=FILTER)
    plain = run("match", tmp_path / "rule.yml", "--events", file)
    filtered = run(
        "match", tmp_path / "rule.yml", "--events", file, "--filter", tmp_path / "apart/filter.yml"
    )
    assert json.loads(plain.stdout) == {ID: ["kept", "left"]}
    assert json.loads(filtered.stdout) == {ID: ["kept"]}


def test_explain_shows_the_leaves_of_a_filter_without_a_line(tmp_path: Path) -> None:
    folder = write(tmp_path, rule=RULE, filter=FILTER)
    result = run("explain", folder / "rule.yml", "-t", "splunk", "--filter", folder / "filter.yml")
    assert result.exit_code == 0, result.output
    assert "line 7  Image|endswith" in result.stdout
    assert "\n    User|startswith: CORP\\build" in result.stdout


def test_check_and_test_take_filters(tmp_path: Path) -> None:
    folder = write(tmp_path, rule=RULE, filter=FILTER.replace("[shell]", "[another]"))
    checked = run("check", folder)
    assert checked.exit_code == 0
    assert "SG142" in checked.stdout
    assert "rules that can be read: 1" in checked.stderr
    tested = run("test", folder, "--filter", folder / "rule.yml")
    assert "SG141 the document is no filter" in tested.stdout


# The first pass.


def test_a_run_without_filters_parses_no_file_before_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = RULE.replace("    condition", "    filter:\n        User: x\n    condition")
    library = Files(list_files([str(write(tmp_path, rule=text))]))
    monkeypatch.setattr("sigmaglot.scan.read_file", lambda path: pytest.fail(path))
    assert list(library.special()) == []


@pytest.mark.parametrize(
    "text",
    [
        FILTER,
        FILTER.replace("\n", "\r\n"),
        "\ufeff" + FILTER.replace("title", "filter: {}\ntitle", 1).replace("\nfilter:\n", "\nf:\n"),
        FILTER.replace("filter:", '"filter" :'),
        f"{RULE}---\n{FILTER}",
        '{"title": "x", "filter": {}}',
        f"{RULE}--- {{title: x, filter: {{}}}}\n",
    ],
)
def test_every_usual_way_to_write_a_filter_is_seen(text: str, tmp_path: Path) -> None:
    library = Files(list_files([str(write(tmp_path, filter=text))]))
    assert [one.kind for one in library.special()] == ["filter"]


def test_a_filter_that_is_not_seen_is_an_error_and_never_silent(tmp_path: Path) -> None:
    text = "".join(f"  {line}\n" for line in FILTER.splitlines())
    result = splunk(write(tmp_path, rule=RULE, filter=text))
    assert result.exit_code == 1
    assert "SG141 the filter was not found before the rules were compiled" in result.stderr


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    import os
    import threading

    pipe = tmp_path / "pipe.yml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(RULE,), daemon=True)
    writer.start()
    result = run("convert", pipe, "-t", "splunk")
    writer.join(timeout=5)
    assert result.exit_code == 0, result.output
    assert "cmd.exe" in result.stdout
