"""No query of the public corpus names a column that the schema lacks, or compares it with a value
of another type.

The queries are read with the grammars of the readers of `sigmaglot.verify`, which know nothing of
the renderers, and held against the vendors' facts (`schema_facts`), not against the pipelines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schema_facts import CHECKERS
from sigmaglot.compiler import Options, compile_rule, read_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.frontend import Rule
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS

LEAST = {"car": 1000, "dnif": 900, "dnif-dql": 1200, "splunk-cim": 900}
"""Windows rules that must have a query at least, so that the check is of something."""


@pytest.fixture(scope="module")
def rules(corpus: Path) -> list[Rule]:
    found = []
    for document in read_documents([str(corpus / "sigmahq")]):
        assert not isinstance(document, Diagnostic)
        rule = read_rule(document, (), {})
        if isinstance(rule, Rule) and rule.info.logsource.product == "windows":
            found.append(rule)
    return found


def queries(rules: list[Rule], target: str) -> Iterator[tuple[Rule, str]]:
    for rule in rules:
        result = compile_rule(rule, rule.condition, TARGETS[target], Options())
        yield from ((rule, text) for text in result.queries)


def source_of(rule: Rule) -> str:
    source = rule.info.logsource
    return source.category or f"service:{source.service}"


def test_every_target_is_checked() -> None:
    assert set(CHECKERS) == set(TARGETS)


@pytest.mark.corpus
@pytest.mark.parametrize("target", sorted(CHECKERS))
def test_every_column_is_of_the_schema_and_compared_with_its_own_type(
    rules: list[Rule], target: str
) -> None:
    check, found, seen = CHECKERS[target](), {}, set()
    for rule, text in queries(rules, target):
        seen.add(rule.info.path)
        if problems := check(source_of(rule), text):
            found[rule.info.path] = problems
    assert found == {}
    assert len(seen) >= LEAST.get(target, 1500)


_TSTATS = "| tstats count FROM datamodel=Endpoint.Processes WHERE {} BY Processes.dest"
PLANTED = {
    ("defender", 'DeviceProcessEvents\n| where Nope =~ "x"'): "no column Nope",
    ("defender", "Nope\n| where ProcessId == 5"): "no table Nope",
    (
        "defender",
        'DeviceProcessEvents\n| where ProcessId == "5"',
    ): "a number compared with a string",
    (
        "defender",
        'DeviceProcessEvents\n| where ActionType == "FileCreated"',
    ): "no action FileCreated",
    ("defender", 'DeviceEvents\n| where ActionType in ("DriverLoad", "X")'): "no action X",
    ("sentinel", "DeviceProcessEvents\n| where Timestamp > ago(1d)"): "no column Timestamp",
    ("kibana", 'event.code: "1" and nope: x'): "no field 'nope'",
    ("kibana", 'event.code: "1" and process.pid: x'): "'x' on a long field",
    ("kibana", 'event.code: "1" and file.path: x'): "no column file.path",
    (
        "kibana",
        'winlog.channel: "Microsoft-Windows-Sysmon/Operational" and winlog.event_data.User: x',
    ): "winlog.event_data.User is deleted",
    ("splunk", 'EventCode=1 Nope="x"'): "no column Nope",
    ("splunk", 'EventCode=1 | where match(QueryName, "x")'): "no column QueryName",
    ("splunk-cim", _TSTATS.format("Processes.nope=x")): "no column Processes.nope",
    ("splunk-cim", _TSTATS.format("Processes.cpu_load_percent=x")): "is no text",
    ("logpoint", 'label="Process" nope="x"'): "no column nope",
    ("logpoint-sysmon", 'event_id=1 process="x"'): "no column process",
    ("dnif", "_fetch * from event where $Nope=x limit 1"): "no column $Nope",
    ("dnif-dql", "stream=ep-file where image='x' | limit 1"): "the stream ep-file",
    ("dnif-dql", "stream=ep-process where nope='x' | limit 1"): "no column nope",
    ("car", 'p = search Process:Nope\nf = filter p where (exe == "x")\noutput f'): "no action Nope",
    ("car", 'p = search Process:Create\nf = filter p where (nope == "x")\noutput f'): "no column",
}


@pytest.mark.parametrize(("target", "text"), PLANTED)
def test_a_column_that_is_not_of_the_schema_is_found(target: str, text: str) -> None:
    problems = CHECKERS[target]()("process_creation", text)
    assert any(PLANTED[target, text] in one for one in problems), problems
