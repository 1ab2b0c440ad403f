"""``sigmaglot verify``: reports, exit codes, recorded events and bad input."""

import json
from xml.etree import ElementTree as ET

import pytest
from cli_helpers import run

RULE = """\
title: Command shell
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\cmd.exe', CommandLine|contains: 'a?b'}, condition: selection}
"""


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "rule.yml"
    path.write_text(RULE, encoding="utf-8")
    return path


def test_a_kept_claim_is_a_line_of_the_table_and_exit_code_0(rule):
    done = run("verify", rule, "-t", "splunk")
    assert done.exit_code == 0
    head, row = (line.split("  ") for line in done.stdout.splitlines())
    assert [cell.strip() for cell in head if cell.strip()] == [
        "target", "engine", "standing", "rules", "kept", "broken", "refused", "not run", "events",
    ]  # fmt: skip
    cells = [cell.strip() for cell in row if cell.strip()]
    assert cells[:8] == [
        "splunk",
        "spl-model",
        "ours, not vendor-verified",
        "1",
        "1",
        "0",
        "0",
        "0",
    ]


def test_a_broken_claim_is_shown_with_event_query_and_command_and_exit_code_1(rule):
    done = run("verify", rule, "-t", "pysigma:splunk")
    assert done.exit_code == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == f"broken: {rule} for pysigma:splunk (spl-model)"
    assert lines[1].startswith("claimed unstated, observed broader: the query finds an event")
    assert "leaf:      CommandLine: *a?b*" in lines
    assert any(line.startswith("reproduce: sigmaglot verify ") for line in lines)


def test_json_has_a_record_for_each_rule_target_and_engine(rule):
    done = run("verify", rule, "-t", "splunk", "-t", "kibana", "-f", "json")
    records = json.loads(done.stdout)
    assert [(one["target"], one["engine"]["name"]) for one in records] == [
        ("splunk", "spl-model"),
        ("kibana", "kibana-model"),
        ("kibana", "kibana-model-wildcard"),
    ]
    assert records[0]["claimed"] == records[0]["observed"] == "exact"
    assert records[0]["made"]["agreed"] == records[0]["made"]["events"] > 20
    assert records[0]["recorded"] == {"events": 0, "meant": 0, "missed": 0, "extra": 0, "agreed": 0}


def test_junit_has_a_case_for_each_and_a_failure_for_a_broken_claim(rule):
    done = run(
        "verify", rule, "-t", "splunk", "-t", "pysigma:splunk", "-t", "pysigma:eql", "-f", "junit"
    )
    suite = ET.fromstring(done.stdout)[0]
    assert suite.attrib == {
        "name": "sigmaglot verify", "tests": "3", "failures": "1", "skipped": "1",
    }  # fmt: skip
    assert [case.get("classname") for case in suite] == [
        "splunk.spl-model",
        "pysigma:splunk.spl-model",
        "pysigma:eql",
    ]
    assert suite[1][0].tag == "failure"
    assert suite[2][0].tag == "skipped"


def test_recorded_events_are_run_and_broken_lines_are_told(rule, tmp_path):
    events = tmp_path / "events.ndjson"
    event = {
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
        "Image": "C:\\cmd.exe", "CommandLine": "A-B",
    }  # fmt: skip
    events.write_text(json.dumps(event) + "\n{oops\n", encoding="utf-8")
    done = run("verify", rule, "-t", "splunk", "--events", events, "-f", "json")
    (record,) = json.loads(done.stdout)
    assert record["recorded"] == {"events": 1, "meant": 1, "missed": 0, "extra": 0, "agreed": 1}
    assert "SG501" in done.stderr
    assert done.exit_code == 1


def test_one_event_is_run_in_the_place_of_those_that_are_made(rule):
    event = json.dumps({"Image": "C:\\cmd.exe", "CommandLine": "axxb"})
    done = run("verify", rule, "-t", "pysigma:splunk", "--event", event, "-f", "json")
    (record,) = json.loads(done.stdout)
    assert record["made"] == {"events": 1, "meant": 0, "missed": 0, "extra": 1, "agreed": 0}
    assert record["counterexample"]["kind"] == "extra"


def test_the_report_goes_to_a_file(rule, tmp_path):
    done = run("verify", rule, "-t", "splunk", "-f", "json", "-o", tmp_path / "out.json")
    assert done.stdout == ""
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))[0]["status"] == "kept"


def test_the_verdicts_do_not_depend_on_the_number_of_jobs(tmp_path):
    for number in range(20):
        text = RULE.replace("a?b", f"word{number}").replace("8b2a", f"80{number:02}")
        (tmp_path / f"rule{number:02}.yml").write_text(text, encoding="utf-8")
    (tmp_path / "bad.yml").write_text("title: x\n", encoding="utf-8")
    one, two = (
        run("verify", tmp_path, "-t", "splunk", "-f", "json", "-j", jobs) for jobs in (1, 2)
    )
    assert one.stdout == two.stdout
    assert (one.exit_code, two.exit_code) == (1, 1)
    assert [record["status"] for record in json.loads(one.stdout)].count("bad rule") == 1


@pytest.mark.parametrize(
    ("args", "code", "reason"),
    [
        (["--engine", "nothing"], 2, "no engine is called `nothing`"),
        (["--event", "{"], 2, "not JSON"),
        (["--event", "[]"], 2, "an event is a JSON object"),
        (["-t", "nowhere"], 2, "no target is called `nowhere`"),
    ],
)
def test_a_request_that_cannot_be_met_is_a_usage_error(rule, args, code, reason):
    done = run("verify", rule, "-t", "splunk", *args)
    assert done.exit_code == code
    assert reason in done.stderr


def test_an_engine_that_is_not_installed_is_a_configuration_error(rule, monkeypatch):
    from sigmaglot.verify.engines import registry

    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "duckdb_kql" else name)
    done = run("verify", rule, "-t", "defender", "--engine", "kusto-duckdb")
    assert done.exit_code == 3
    assert "needs duckdb_kql, which is not installed: install `sigmaglot[verify]`" in done.stderr


def test_without_lark_the_command_says_what_to_install(rule, monkeypatch):
    from sigmaglot.verify.engines import registry

    monkeypatch.setattr(registry, "find_spec", lambda _: None)
    done = run("verify", rule, "-t", "splunk")
    assert done.exit_code == 3
    assert "verify needs lark, which is not installed: install `sigmaglot[verify]`" in done.stderr


def test_without_node_the_binder_is_told_to_be_missing(rule, monkeypatch):
    from sigmaglot.verify.engines import registry

    monkeypatch.setattr(registry, "find_binder", lambda: "there is no `node` on PATH")
    done = run(
        "verify", rule, "-t", "defender", "--engine", "kusto-model", "--engine", "kusto-binder"
    )
    assert done.exit_code == 3
    assert "there is no `node` on PATH" in done.stderr
    usual = run("verify", rule, "-t", "defender")
    assert usual.exit_code == 0
    assert "note: no query is bound: there is no `node` on PATH" in usual.stderr


def test_engines_are_listed_with_whose_word_they_are(rule):
    rows = json.loads(run("list", "engines", "-f", "json").stdout)
    found = {row["name"]: row["standing"] for row in rows}
    assert found["kusto-duckdb"] == "independent"
    assert found["kusto-binder"] == "the vendor's own"
    assert found["spl-model"] == "ours, not vendor-verified"
