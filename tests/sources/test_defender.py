"""Log sources in Defender XDR: a table and its action types for each, and the corpus."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from defender_rules import (
    RECORDINGS,
    STORED,
    TARGET,
    facts,
    name_of,
    result,
    windows_results,
)

from sigmaglot.errors import Diagnostic
from sigmaglot.source import read_documents
from sigmaglot.verify.engines.kusto_binder import find_binder
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.schemas import defender_tables
from sigmaglot.verify.verdict import FAILURES, Status
from sigmaglot.verify.witnesses.events import fields_of

# -- tables and columns -------------------------------------------------------------------------

NOT_RECORDED = {
    *("process_termination", "process_tampering", "raw_access_thread", "create_stream_hash"),
    *("ps_classic_start", "sysmon_status", "sysmon_error", "file_access"),
}
WIDER = {"service:security", "service:system"}


def test_the_log_sources_are_those_that_a_table_records() -> None:
    known = facts("defender_tables.json")["category_map"]
    categories = {name for name in known if not name.startswith("service:")}
    assert set(RECORDINGS) == (categories - NOT_RECORDED) | WIDER
    assert set(STORED) == set(RECORDINGS)


@pytest.mark.parametrize("category", sorted(set(RECORDINGS) - WIDER))
def test_a_category_is_in_the_table_and_has_the_action_types_of_the_facts(category: str) -> None:
    known = facts("defender_tables.json")["category_map"][category]
    source = RECORDINGS[category].source
    assert source.table == known["table"]
    (actions,) = source.selectors
    assert (actions.column, set(actions.values)) == ("ActionType", set(known["action_types"]))


def test_events_are_stored_in_the_tables_of_the_facts() -> None:
    known = facts("defender_tables.json")["category_map"]
    stored = PROJECTIONS["defender_xdr"].tables
    assert stored.items() >= {
        (name, known[name]["table"]) for name in set(STORED) - WIDER if known[name]["table"]
    }


@pytest.mark.parametrize("source", sorted(WIDER))
def test_the_events_of_a_service_are_action_types_of_its_table(source: str) -> None:
    known = facts("defender_tables.json")["tables"]["DeviceEvents"]["action_types"]
    (actions,) = RECORDINGS[source].source.selectors
    assert RECORDINGS[source].source.table == "DeviceEvents"
    assert set(actions.values) <= set(known)
    ids = RECORDINGS[source].entries["EventID"].values
    assert set(ids) == set(actions.values)
    for action, (number,) in ids.items():
        assert known[action].get("etw", {}).get("event_id", number) in {number, "4697"}


@pytest.mark.parametrize("category", sorted(RECORDINGS))
def test_every_column_is_of_the_table_and_has_its_type(category: str) -> None:
    recording = RECORDINGS[category]
    columns = facts("defender_tables.json")["tables"][recording.source.table]["columns"]
    computed = {name for name, _ in recording.source.computed}
    assert recording.columns - computed <= columns.keys()
    assert not computed & columns.keys()
    for entry in recording.entries.values():
        for column in entry.columns.values():
            if column.name in computed:
                assert column.type.startswith("computed ")
            else:
                assert column.type == columns[column.name]["type"], column.name


@pytest.mark.parametrize("category", sorted(RECORDINGS))
def test_every_expression_names_columns_of_the_table(category: str) -> None:
    source = RECORDINGS[category].source
    known = set(defender_tables()[source.table])
    functions = "case extract iff isempty parse_json replace_string strcat tohex tolong tostring"
    allowed = {*functions.split(), *"contains endswith in or trim_start".split()}
    for name, expression in source.computed:
        without_literals = re.sub(r'@?"[^"]*"', "", expression)
        without_keys = re.sub(r"(?<=\))\.\w+", "", without_literals)
        assert set(re.findall(r"[A-Za-z_]\w*", without_keys)) <= known | allowed, name


@pytest.mark.parametrize("category", sorted(RECORDINGS))
def test_every_field_of_an_event_and_of_a_rule_has_a_column_or_a_reason(category: str) -> None:
    entries = RECORDINGS[category].entries
    used = facts("sigma_usage.json").get(category, {"fields": {}})["fields"]
    for field in {*fields_of(category), *used}:
        assert bool(entries[field].columns) != bool(entries[field].reason), field


@pytest.mark.parametrize("category", sorted(RECORDINGS))
def test_what_the_facts_do_not_know_well_is_said(category: str) -> None:
    known = facts("defender_tables.json")["field_map"].get(category, {})
    for field, fact in known.items():
        entry = RECORDINGS[category].entries[field]
        if fact["confidence"] != "high" and entry.columns:
            assert entry.confidence != "high", field
        if fact["status"] == "unsupported" and category != "network_connection":
            assert entry.reason or field == "EventID", field


def test_an_event_that_no_table_records_names_the_targets_that_do() -> None:
    found = result("process_termination", "{Image: x}")
    assert found.diagnostics[0].code == "SG201"
    assert "no such event in defender_xdr" in found.diagnostics[0].message
    assert "splunk" in found.diagnostics[0].hint


# -- the corpus ---------------------------------------------------------------------------------


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason(corpus: Path) -> None:
    codes = Counter(one.diagnostics[0].code for one in windows_results(corpus) if not one.ok)
    assert codes.keys() <= {"SG201", "SG202", "SG133"}


@pytest.mark.corpus
def test_a_source_without_a_table_is_refused_as_such_and_any_other_is_not(corpus: Path) -> None:
    for one in windows_results(corpus):
        codes = {problem.code for problem in one.diagnostics}
        of_a_service = name_of(one).startswith("service:")  # of which some events have no row
        if name_of(one) not in RECORDINGS:
            assert "SG201" in codes, one.info.path
        elif not of_a_service:
            assert "SG201" not in codes, one.info.path


MOSTLY = {
    "registry_set": 0.99,
    "file_event": 0.99,
    "image_load": 0.95,
    "network_connection": 0.9,
    "dns_query": 0.9,
    "registry_event": 0.99,
    "pipe_created": 0.99,
    "process_access": 0.9,
    "ps_script": 0.95,
}
"""The least share of the corpus' rules that must have a query."""


@pytest.mark.corpus
@pytest.mark.parametrize("category", MOSTLY)
def test_most_rules_of_a_category_have_a_query(corpus: Path, category: str) -> None:
    found = [one for one in windows_results(corpus) if name_of(one) == category]
    assert sum(one.ok for one in found) >= MOSTLY[category] * len(found)


@pytest.mark.corpus
def test_microsofts_binder_takes_every_query(corpus: Path) -> None:
    binder = find_binder()
    if isinstance(binder, str):
        pytest.skip(binder)
    with binder:
        for one in windows_results(corpus):
            for text in one.queries:
                assert binder.problems(text) == (), one.info.path


STEP = 9
"""Rules of the corpus between two that are run."""


@pytest.mark.corpus
def test_no_engine_breaks_a_claim(corpus: Path) -> None:
    """A sample; Security's and System's logs aside, most of whose events have no row."""
    wanted = set(RECORDINGS) - WIDER - {"process_creation"}
    documents = [
        one
        for one in read_documents([str(corpus / "sigmahq")])
        if not isinstance(one, Diagnostic)
        and one.data.get("logsource", {}).get("category") in wanted
        and one.data["logsource"].get("product") == "windows"
    ]
    verdicts = list(Verifier(Request((TARGET,))).verify(documents[::STEP]))
    assert [one for one in verdicts if one.status in FAILURES] == []
    ran = [one for one in verdicts if one.engine and one.status is Status.KEPT]
    assert {one.engine.name for one in ran if one.engine} >= {"kusto-model"}


def test_what_a_table_does_not_tell_apart_makes_a_query_broader() -> None:
    """Defender has one action for all files that are created; Sysmon 29 is about executables."""
    found = result("file_executable_detected", "{TargetFilename|endswith: .sed}")
    assert str(found.fidelity) == "broader"
    assert [note.code for note in found.notes] == ["SG207"]
