"""Log sources in Microsoft Sentinel: Defender's tables, SecurityEvent and WindowsEvent."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

import defender_rules
import pytest
from defender_rules import facts, name_of, windows_results

from sigmaglot.errors import Diagnostic
from sigmaglot.logsource import SERVICES
from sigmaglot.pipelines import load_pipeline
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS
from sigmaglot.verify.engines.kusto_binder import find_binder
from sigmaglot.verify.engines.kusto_model import read
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.projection.common import TABLE
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.schemas import SENTINEL, defender_tables, sentinel_tables
from sigmaglot.verify.verdict import FAILURES, Status

TARGET = TARGETS["sentinel"]
PIPELINE = load_pipeline("sentinel")
RECORDINGS = PIPELINE.recordings
DEFENDER = load_pipeline("defender_xdr")
STORED = PROJECTIONS["sentinel"]
OWN = {"service:security", "service:windefend", "service:*"}
"""Recordings that Defender has not, or has otherwise."""
COPIED = sorted(set(RECORDINGS) - OWN)


result = partial(defender_rules.result, target=TARGET)
query = partial(defender_rules.query, target=TARGET)


def finds(found: str, source: str, **event: str) -> bool:
    """Return whether our reader of Kusto finds an event in what Sentinel stores of it."""
    project = STORED.of(source)
    assert project
    return read(found, SENTINEL).matches(project(event))


# -- tables and columns -------------------------------------------------------------------------


def test_defenders_log_sources_are_here_but_those_of_its_services() -> None:
    of_categories = {name for name in DEFENDER.recordings if not name.startswith("service:")}
    assert set(RECORDINGS) == of_categories | OWN


@pytest.mark.parametrize("category", COPIED)
def test_a_copied_table_differs_in_the_column_of_time_alone(category: str) -> None:
    ours, theirs = RECORDINGS[category].source, DEFENDER.recordings[category].source
    assert ours.table == theirs.table
    assert ours.selectors == theirs.selectors
    assert ours.computed == theirs.computed
    assert ours.time == "TimeGenerated"
    assert [name.replace("TimeGenerated", "Timestamp") for name in ours.projection] == [
        *theirs.projection
    ]
    unlike = RECORDINGS[category].columns ^ DEFENDER.recordings[category].columns
    assert unlike - {"LogonID"} == {"Timestamp", "TimeGenerated"}


def test_what_defenders_queries_assume_sentinels_do_too() -> None:
    assert set(DEFENDER.assumes) - set(PIPELINE.assumes) <= {
        one
        for one in DEFENDER.assumes
        if one.categories and all(name.startswith("service:") for name in one.categories)
    }


def test_the_connector_copies_every_column_and_renames_the_time() -> None:
    for name, columns in defender_tables().items():
        copied = sentinel_tables()[name]
        assert copied.keys() > columns.keys() - {"Timestamp"}
        assert copied["TimeGenerated"] == "datetime"
        assert copied.get("AdditionalFields", "dynamic") == "dynamic"


def test_additional_fields_are_text_in_defender_and_dynamic_here() -> None:
    known = facts("defender_tables.json")["semantics"]
    assert "In Sentinel tables it is dynamic" in known["AdditionalFields"]
    assert "TimeGenerated (Sentinel)" in known["time_column"]


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_every_column_is_of_the_table_and_has_its_type(name: str) -> None:
    recording = RECORDINGS[name]
    table = sentinel_tables()[recording.source.table]
    computed = {column for column, _ in recording.source.computed}
    assert recording.columns - computed <= table.keys()
    for entry in recording.entries.values():
        for column in entry.columns.values():
            if column.name in computed:
                assert column.type.startswith("computed ")
            else:
                assert column.type == table[column.name], column.name


@pytest.mark.parametrize("name", sorted(OWN))
def test_every_expression_names_columns_of_the_table(name: str) -> None:
    source = RECORDINGS[name].source
    known = set(sentinel_tables()[source.table])
    functions = set("extract iff isempty isnull parse_json replace_string tostring".split())
    for column, expression in source.computed:
        bare = re.sub(r"""@?"[^"]*"|@?'[^']*'|(?<=\))\.\w+""", "", expression)
        assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= known | functions, column


@pytest.mark.parametrize("source", ["service:security", "service:system", "service:application"])
def test_every_field_of_a_rule_has_a_column_or_a_reason(source: str) -> None:
    entries = RECORDINGS[source if source in RECORDINGS else "service:*"].entries
    for field in facts("sigma_usage.json")[source]["fields"]:
        assert bool(entries[field].columns) != bool(entries[field].reason), field


# -- queries ------------------------------------------------------------------------------------


def test_a_process_creation_is_a_row_of_defenders_table() -> None:
    found = query("process_creation", r"{Image|endswith: '\cmd.exe'}", hunt=True, last="7d")
    *stages, shown, order = found.splitlines()
    assert stages == [
        "DeviceProcessEvents",
        "| where TimeGenerated > ago(7d)",
        '| where ActionType == "ProcessCreated"',
        '| where FileName =~ "cmd.exe"',
    ]
    assert shown.startswith("| project TimeGenerated, DeviceName, ")
    assert order == "| order by TimeGenerated desc"


def test_a_query_of_defender_does_not_run_here() -> None:
    with pytest.raises(ReadError, match="no column Timestamp"):
        read("DeviceProcessEvents | where Timestamp > ago(1d)", SENTINEL)


def test_event_ids_and_logon_types_are_numbers() -> None:
    found = query("service:security", "{EventID: 4624, LogonType: 3}")
    assert found.splitlines() == [
        "SecurityEvent",
        '| where Channel == "Security"',
        "| where EventID == 4624",
        "| where LogonType == 3",
    ]
    assert finds(found, "service:security", EventID="4624", LogonType="3")
    assert not finds(found, "service:security", EventID="4624", LogonType="10")


@pytest.mark.parametrize("event_id", ["4624", "4769"])
def test_a_field_is_found_in_its_column_and_in_the_data(event_id: str) -> None:
    found = query("service:security", f"{{EventID: {event_id}, TargetUserName: admin}}")
    assert finds(found, "service:security", EventID=event_id, TargetUserName="Admin")
    assert not finds(found, "service:security", EventID=event_id, TargetUserName="administrator")
    assert not finds(found, "service:security", EventID=event_id, SubjectUserName="admin")


def test_an_event_that_is_taken_apart_is_in_columns_and_any_other_in_xml() -> None:
    project = STORED.of("service:security")
    assert project
    logon = project({"EventID": "4624", "TargetUserName": "a"})
    ticket = project({"EventID": "4769", "TargetUserName": "a"})
    assert (logon["TargetUserName"], ticket.get("TargetUserName")) == ("a", None)
    assert ticket["EventData"] == '<EventData><Data Name="TargetUserName">a</Data></EventData>'


def test_a_name_that_ends_like_another_is_not_taken_for_it() -> None:
    found = query("service:security", "{EventID: 5136, TargetName: x}")
    assert not finds(found, "service:security", EventID="5136", OtherTargetName="x")


def test_a_field_without_a_column_is_read_from_the_data_and_says_so() -> None:
    found = result("service:security", "{EventID: 4769, TicketEncryptionType: '0x17'}")
    assert "| extend TicketEncryptionType = extract(" in found.queries[0]
    assert any("`TicketEncryptionType`" in one for one in found.assumes)
    event = {"EventID": "4769", "TicketEncryptionType": "0x17"}
    assert finds(found.queries[0], "service:security", **event)


def test_text_that_xml_escapes_is_found_as_the_event_has_it() -> None:
    task = '<Exec><Command>cmd.exe</Command><Arguments>/c "a & b"</Arguments></Exec>'
    found = query(
        "service:security",
        """{EventID: 4698, TaskContent|contains|all: ['<Command>cmd.exe<', '"a & b"']}""",
    )
    assert finds(found, "service:security", EventID="4698", TaskContent=task)
    assert not finds(found, "service:security", EventID="4698", TaskContent="a &amp; b")


def test_the_data_of_a_cleared_log_stand_in_elements_of_their_names() -> None:
    found = query("service:security", "{EventID: 1102, SubjectUserName: admin}")
    assert finds(found, "service:security", EventID="1102", SubjectUserName="admin")


def test_a_start_type_is_a_number_in_its_column_and_text_in_the_data() -> None:
    found = query("service:security", "{EventID: 4697, ServiceStartType: 2}")
    assert finds(found, "service:security", EventID="4697", ServiceStartType="2")
    assert read(found, SENTINEL).matches(
        {"Channel": "Security", "EventID": 4697, "ServiceStartType": 2, "EventData": ""}
    )


def test_keywords_of_a_security_event_have_no_column() -> None:
    selection = "{EventID: 4673, Service: 'x()', Keywords: '0x8010000000000000'}"
    found = result("service:security", selection)
    assert (str(found.fidelity), found.notes[0].code) == ("broader", "SG204")


def test_any_other_log_is_known_by_its_channel() -> None:
    found = query(
        "service:system",
        "{EventID: 7045, Provider_Name: Service Control Manager, ServiceName: evil}",
    )
    assert found.splitlines() == [
        "WindowsEvent",
        '| where Channel == "System"',
        "| extend ServiceName = tostring(parse_json(EventData).ServiceName)",
        "| where EventID == 7045",
        '| where Provider =~ "Service Control Manager"',
        '| where ServiceName =~ "evil"',
    ]
    event = {"EventID": "7045", "Provider_Name": "Service Control Manager", "ServiceName": "Evil"}
    assert finds(found, "service:system", Channel="System", **event)
    assert not finds(found, "service:system", Channel="Application", **event)


def test_the_names_of_windows_defenders_data_have_blanks() -> None:
    found = query("service:windefend", r"{EventID: 5007, NewValue|contains: '\Exclusions'}")
    assert 'parse_json(EventData)["New Value"]' in found
    (channel,) = SERVICES["windefend"]
    known = {"Channel": channel, "EventID": "5007"}
    assert finds(found, "service:windefend", **known, NewValue=r"HKLM\x\Exclusions\y = 0x0")


def test_data_without_names_are_searched_and_the_query_is_broader() -> None:
    found = result("service:application", "{EventID: 15457, Data|contains: xp_cmdshell}")
    assert str(found.fidelity) == "broader"
    assert 'EventData contains "xp_cmdshell"' in found.queries[0]


@pytest.mark.parametrize(("level", "event"), [("2", "2"), ("Error", "2"), ("Error", "Error")])
def test_a_level_is_known_by_its_name(level: str, event: str) -> None:
    found = query("service:application", f"{{EventID: 4, Level: {level}}}")
    assert 'EventLevelName =~ "Error"' in found
    known = {"Channel": "Application", "EventID": "4"}
    assert finds(found, "service:application", **known, Level=event)
    assert not finds(found, "service:application", **known, Level="4")


def test_a_record_says_its_table() -> None:
    for source, table in {
        "process_creation": "DeviceProcessEvents",
        "registry_set": "DeviceRegistryEvents",
        "service:security": "SecurityEvent",
        "service:system": "WindowsEvent",
    }.items():
        project = STORED.of(source)
        assert project
        assert (
            project({"EventID": "13", "EventType": "SetValue", "TargetObject": r"HKLM\a\b"})[TABLE]
            == table
        )


# -- the corpus ---------------------------------------------------------------------------------


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason(corpus: Path) -> None:
    codes = Counter(
        one.diagnostics[0].code for one in windows_results(corpus, TARGET) if not one.ok
    )
    assert codes.keys() <= {"SG201", "SG202", "SG133"}


@pytest.mark.corpus
def test_every_rule_of_the_security_log_has_a_query_but_those_with_placeholders(
    corpus: Path,
) -> None:
    found = [
        one for one in windows_results(corpus, TARGET) if one.info.logsource.service == "security"
    ]
    codes = Counter(one.diagnostics[0].code for one in found if not one.ok)
    assert codes.keys() <= {"SG133"}
    assert sum(str(one.fidelity) == "exact" for one in found) >= 0.85 * len(found)


STEP = 5
"""Rules of the corpus between two that are bound or run, where there are many."""


@pytest.mark.corpus
def test_microsofts_binder_takes_every_query(corpus: Path) -> None:
    binder = find_binder(SENTINEL)
    if isinstance(binder, str):
        pytest.skip(binder)
    known = [one for one in windows_results(corpus, TARGET) if name_of(one) != "process_creation"]
    others = [one for one in windows_results(corpus, TARGET) if name_of(one) == "process_creation"]
    with binder:
        for one in (*known, *others[::STEP]):
            for text in one.queries:
                assert binder.problems(text) == (), one.info.path


@pytest.mark.corpus
def test_no_engine_breaks_a_claim_about_a_service(corpus: Path) -> None:
    documents = [
        one
        for one in read_documents([str(corpus / "sigmahq")])
        if not isinstance(one, Diagnostic)
        and one.data.get("logsource", {}).get("product") == "windows"
        and one.data["logsource"].get("service")
        and not one.data["logsource"].get("category")
    ]
    verdicts = list(Verifier(Request((TARGET,))).verify(documents[::STEP]))
    assert [one for one in verdicts if one.status in FAILURES] == []
    ran = [one for one in verdicts if one.engine and one.status is Status.KEPT]
    assert {one.engine.name for one in ran if one.engine} >= {"kusto-model"}
