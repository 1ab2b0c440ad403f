"""The rules of the project: what the project was asked for, and the six Atomic tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engines import PROJECTIONS, hits, read_all
from sigmaglot.compiler import Options, compile_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.evaluate import evaluate
from sigmaglot.frontend import Rule, load_pipelines, parse
from sigmaglot.passes.normalise import normalise
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection.common import base_name
from sigmaglot.verify.projection.elastic import ELASTIC_TYPES
from sigmaglot.verify.readers import car, dnif_fetch, kibana_kql

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "sigma_rules" / "windows" / "process_creation"
CASES = ROOT / "sigma_rules" / "tests"
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"
ANY_CMD = "proc_creation_win_cmd_any_execution"


def read_rules() -> dict[str, Rule]:
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    documents = read_documents([str(RULES)])
    parsed = [parse(one, pipelines) for one in documents if not isinstance(one, Diagnostic)]
    return {Path(rule.info.path).stem: rule for rule in parsed}


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return read_rules()


def cases(stem: str, kind: str) -> list[dict[str, Any]]:
    lines = (CASES / stem / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def every_case() -> list[dict[str, Any]]:
    return [event for folder in sorted(CASES.iterdir()) for event in cases(folder.name, "match")]


def queries(rule: Rule, target: str) -> tuple[str, ...]:
    result = compile_rule(rule, normalise(rule.condition), TARGETS[target], Options())
    assert result.queries, result.diagnostics
    return result.queries


def test_there_are_at_least_fourteen_rules_each_with_its_metadata(rules: dict[str, Rule]) -> None:
    assert len(rules) >= 14
    for stem, rule in rules.items():
        info = rule.info
        assert all((info.id, info.title, info.description, info.level, info.fields)), stem
        assert info.references and info.falsepositives and "T1059.003" in info.techniques, stem


def test_every_rule_has_at_least_two_events_of_each_kind(rules: dict[str, Rule]) -> None:
    for stem, rule in rules.items():
        match, no_match = cases(stem, "match"), cases(stem, "no_match")
        assert len(match) >= 2 and len(no_match) >= 2, stem
        assert all(evaluate(rule.condition, event) for event in match), stem
        assert not any(evaluate(rule.condition, event) for event in no_match), stem


@pytest.mark.parametrize("number", range(1, 7))
def test_each_atomic_test_raises_a_rule_besides_the_one_for_every_cmd(
    rules: dict[str, Rule], number: int
) -> None:
    recorded = [event for event in every_case() if event["_id"].startswith(f"atomic-{number}-")]
    raised = {
        stem
        for stem, rule in rules.items()
        for event in recorded
        if evaluate(rule.condition, event) and rule.info.level != "informational"
    }
    assert recorded
    assert raised


@pytest.mark.parametrize("target", list(TARGETS))
def test_every_rule_finds_its_events_in_every_target(rules: dict[str, Rule], target: str) -> None:
    project = PROJECTIONS[target]
    for stem, rule in rules.items():
        result = compile_rule(rule, normalise(rule.condition), TARGETS[target], Options())
        assert result.ok, (stem, result.diagnostics)
        read = read_all(target, result.queries)
        if result.fidelity in {"exact", "broader"}:
            assert all(hits(read, project(event)) for event in cases(stem, "match")), stem
        if result.fidelity in {"exact", "narrower"}:
            assert not any(hits(read, project(event)) for event in cases(stem, "no_match")), stem


# What MITRE CAR publishes for CAR-2013-02-003, Processes Spawning cmd.exe.
CAR_PSEUDOCODE = """\
process = search Process:Create
cmd = filter process where (exe == "cmd.exe")
output cmd"""
CAR_LOGPOINT = 'norm_id=WindowsSysmon event_id=1 image="*\\cmd.exe"'
CAR_DNIF = (
    "_fetch * from event where $LogName=WINDOWS-SYSMON AND $EventID=1 AND "
    "$Process=regex(.*cmd\\.exe.*)i limit 100"
)


def sample_events() -> list[dict[str, Any]]:
    """Every event of the project's own cases: cmd.exe and others, letter case varied."""
    return [
        event
        for folder in sorted(CASES.iterdir())
        for kind in ("match", "no_match")
        for event in cases(folder.name, kind)
    ]


def test_the_logpoint_query_for_every_cmd_is_the_one_that_car_publishes(
    rules: dict[str, Rule],
) -> None:
    assert queries(rules[ANY_CMD], "logpoint-sysmon") == (CAR_LOGPOINT,)


def test_the_car_program_for_every_cmd_means_what_car_publishes(rules: dict[str, Rule]) -> None:
    ours = car.read(queries(rules[ANY_CMD], "car")[0])
    published = car.read(CAR_PSEUDOCODE)
    for event in sample_events():
        record = PROJECTIONS["car"](event)
        assert ours.matches(record) == published.matches(record)


@pytest.mark.parametrize("anchored", [True, False])
def test_the_dnif_query_for_every_cmd_means_what_car_publishes(
    rules: dict[str, Rule], anchored: bool
) -> None:
    """CAR's query looks for cmd.exe in $Process, the command line that starts with the path.

    It stands for the pseudocode's ``exe == "cmd.exe"``. Ours asks $App, which holds that name: it
    finds every process that CAR means, and of those that CAR's query finds besides (`altcmd.exe`,
    or another program with cmd.exe among its arguments) none.
    """
    ours = dnif_fetch.read(queries(rules[ANY_CMD], "dnif")[0], anchored)
    published = dnif_fetch.read(CAR_DNIF, anchored)
    meant = car.read(CAR_PSEUDOCODE)
    found = 0
    for event in sample_events():
        arguments = event["CommandLine"].partition(" ")[2]
        record = PROJECTIONS["dnif"](event) | {"$Process": f"{event['Image']} {arguments}"}
        assert ours.matches(record) == meant.matches(PROJECTIONS["car"](event)), event["_id"]
        if ours.matches(record):
            found += 1
            assert published.matches(record), event["_id"]
        elif published.matches(record):
            assert record["$App"].lower() != "cmd.exe"
    assert found > 100


def test_the_kibana_query_of_the_report_matches_the_event_that_it_recorded(
    rules: dict[str, Rule],
) -> None:
    recorded = {
        "Image": "C:\\Windows\\System32\\cmd.exe",
        "ParentImage": "C:\\Windows\\System32\\wsmprovhost.exe",
        "CommandLine": '"cmd.exe" /c echo "Hello from the Windows Command Prompt!" '
        '> "%%TEMP%%\\test.bin" & type "%%TEMP%%\\test.bin"',
        "CurrentDirectory": "C:\\Users\\ADMINI~1\\AppData\\Local\\Temp\\",
        "User": "DESKTOP-K1Q1TJA\\Administrator",
        "IntegrityLevel": "High",
        "ProcessId": "3576",
    }
    document = PROJECTIONS["kibana"](recorded)
    report = (
        'winlog.channel: "Microsoft-Windows-Sysmon/Operational" AND event.code: "1" '
        'AND process.name: "cmd.exe" AND process.parent.name: "wsmprovhost.exe" '
        "AND process.command_line.text: (*echo* AND *type*)"
    )
    staging = queries(rules["proc_creation_win_cmd_winrm_file_staging"], "kibana")[0]
    assert kibana_kql.read(report, ELASTIC_TYPES).matches(document)
    assert kibana_kql.read(staging, ELASTIC_TYPES).matches(document)
    assert kibana_kql.read(staging, ELASTIC_TYPES).matches(
        document
        | {"process.executable": "C:\\WINDOWS\\SYSTEM32\\CMD.EXE", "process.name": "CMD.EXE"}
    )


def test_the_defender_query_of_the_hunting_page_is_covered(rules: dict[str, Rule]) -> None:
    """The page asks for cmd.exe with wmic, winmgmt, wscript or powershell on its command line."""
    rule = rules["proc_creation_win_cmd_script_engine_keyword"]
    for word in ("wmic", "WinMgmt", "WSCRIPT", "PowerShell"):
        event = {"Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": f"cmd /c {word} x"}
        assert evaluate(rule.condition, event), word
        assert base_name(event["Image"]) == "cmd.exe"
