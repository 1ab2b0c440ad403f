"""Log sources in Splunk: the events' own field names, by the source and the id of each event."""

from __future__ import annotations

from collections import Counter

import pytest
from dnif_car import compiled, facts, query, unknown_fields, windows_rules

from sigmaglot.compiler import Options, compile_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.events import Recorded, read_events
from sigmaglot.language import Selector
from sigmaglot.logsource import CATEGORIES, SERVICES
from sigmaglot.pipelines import load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.rule import LogSource
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.readers import spl
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import FAILURES

FACTS = "splunk_sysmon_cim.json"
PIPELINE = load_pipeline("splunk_sysmon")
STORED = PROJECTIONS["splunk_sysmon"]
SYSMON = "Microsoft-Windows-Sysmon/Operational"
HEADER = {
    *("_time", "host", "source", "EventCode", "Channel", "Computer", "Name", "Level", "Keywords"),
    *("Task", "Opcode", "UserID", "EventRecordID", "EventData_Xml", "RuleName", "UtcTime"),
}
"""What Splunk's data sources list for every event in XML."""
RECORDED = [category for category in CATEGORIES if category not in {"file_access", "file_rename"}]
SYSMON_CATEGORIES = [category for category in RECORDED if not category.startswith("ps_")]


def sources(*channels: str) -> Selector:
    kinds = ("XmlWinEventLog", "WinEventLog")
    return Selector("source", tuple(f"{kind}:{one}" for one in channels for kind in kinds))


def finds(text: str, category: str, **event: str) -> bool:
    project = STORED.of(category)
    assert project
    return spl.read(text).matches(project(event))


def test_every_category_of_the_taxonomy_but_kernel_file_traces_is_recorded() -> None:
    assert set(PIPELINE.recordings) >= set(RECORDED)
    assert set(STORED.categories) >= set(RECORDED)
    assert not {"file_access", "file_rename"} & set(PIPELINE.recordings)
    result = compiled("splunk", "file_access", r"{FileName|endswith: '\a'}")
    assert [one.code for one in result.diagnostics] == ["SG201"]


@pytest.mark.parametrize("category", RECORDED)
def test_a_category_is_selected_by_channel_and_event_id(category: str) -> None:
    scope = CATEGORIES[category][0]
    source, code = PIPELINE.recordings[category].source.selectors
    assert source == sources(*scope.names)
    assert code == Selector("EventCode", tuple(map(str, scope.event_ids)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_selected_by_its_channels(service: str) -> None:
    recording = recording_of(PIPELINE, LogSource("", "windows", service))
    assert recording
    (selector,) = recording.source.selectors
    assert set(selector.values) == set(sources(*SERVICES[service]).values)


def test_rules_of_windows_in_general_are_searched_in_every_log() -> None:
    recording = recording_of(PIPELINE, LogSource("", "windows", ""))
    assert recording
    assert recording.source.selectors == (sources("*"),)


@pytest.mark.parametrize("category", SYSMON_CATEGORIES)
def test_every_column_is_a_raw_field_of_the_event_or_says_where_it_is_from(category: str) -> None:
    """What no source of Splunk's shows is at most of medium confidence."""
    events = facts(FACTS)
    fields = events["category_map"].get(category, {"fields": {}})["fields"].values()
    listed = {found["raw_field"] for found in fields}
    for number in map(str, CATEGORIES[category][0].event_ids):
        listed |= set(events["observed_fields_per_event"].get(number, ()))
        listed |= set(events["per_event"].get(number, ()))
    for field, entry in PIPELINE.recordings[category].entries.items():
        for column in entry.columns.values():
            assert column.type == "string"
            shown = column.name in listed | HEADER
            assert shown or entry.confidence != "high", (field, column.name)


@pytest.mark.corpus
def test_every_field_that_the_corpus_uses_has_an_entry() -> None:
    assert unknown_fields("splunk_sysmon") == set()


SYSMON_12 = f'(source="XmlWinEventLog:{SYSMON}" OR source="WinEventLog:{SYSMON}") EventCode=12 '


def test_SPL_1_events_in_xml_are_selected_by_their_source() -> None:
    text = query("splunk", "dns_query", "{QueryName: a.example}")
    assert finds(text, "dns_query", QueryName="A.example")
    assert f'source="XmlWinEventLog:{SYSMON}"' in text
    assert finds(
        query("splunk", "service:system", "{EventID: 7045}"),
        "service:system",
        Channel="System",
        EventID="7045",
    )


@pytest.mark.parametrize(
    "category", ["file_event", "registry_set", "file_delete", "registry_event"]
)
def test_SPL_2_the_acting_image_is_asked_by_its_raw_name(category: str) -> None:
    text = query("splunk", category, r"{Image|endswith: '\a.exe'}")
    assert text.endswith(r' Image="*\\a.exe"')
    assert finds(text, category, Image="C:\\x\\A.exe", TargetObject="HKLM\\a")


def test_SPL_3_a_registry_path_is_matched_with_the_name_of_its_value() -> None:
    text = query("splunk", "registry_set", r"{TargetObject|endswith: '\Run\Updater'}")
    assert finds(text, "registry_set", TargetObject="HKLM\\Software\\Run\\Updater")
    assert "registry_key_name" not in text


def test_SPL_4_the_kind_of_registry_event_is_the_events_own_word() -> None:
    text = query("splunk", "registry_delete", "{EventType: DeleteValue}")
    assert text == f'{SYSMON_12}EventType="DeleteValue"'
    assert finds(text, "registry_delete", EventType="DeleteValue")
    assert not finds(text, "registry_delete", EventType="DeleteKey")


def test_SPL_5_a_number_in_the_registry_is_the_text_that_sysmon_writes() -> None:
    text = query("splunk", "registry_set", "{Details: 'DWORD (0x00000001)'}")
    assert finds(text, "registry_set", Details="DWORD (0x00000001)")
    assert not finds(text, "registry_set", Details="0x00000001")


@pytest.mark.parametrize(
    ("category", "number"),
    [("registry_add", "12"), ("registry_set", "13"), ("registry_rename", "14")],
)
def test_SPL_6_kinds_of_registry_events_are_told_by_their_ids(category: str, number: str) -> None:
    others = {"registry_add", "registry_set", "registry_rename"} - {category}
    text = query("splunk", category, "{TargetObject|contains: a}")
    assert f"EventCode={number} " in text
    assert finds(text, category, TargetObject="HKLM\\a")
    assert not any(finds(text, other, TargetObject="HKLM\\a") for other in others)


def test_SPL_7_hashes_are_searched_in_the_joined_field() -> None:
    digits = "A" * 32
    text = query("splunk", "image_load", f"{{Hashes|contains: IMPHASH={digits}}}")
    assert finds(text, "image_load", Hashes=f"MD5={'B' * 32},IMPHASH={digits}")
    one = query("splunk", "image_load", f"{{Imphash: {digits}}}")
    assert one.endswith(f'IMPHASH="{digits}"')
    assert finds(one, "image_load", Hashes=f"MD5={'B' * 32},IMPHASH={digits}")


@pytest.mark.parametrize(
    "category",
    ["file_delete", "image_load", "process_access", "create_remote_thread", "network_connection"],
)
def test_SPL_8_events_that_the_public_pipeline_refuses_have_a_query(category: str) -> None:
    assert query("splunk", category, "{Computer: a}")


def test_SPL_9_created_files_are_not_mixed_with_deleted_ones() -> None:
    text = query("splunk", "file_event", r"{TargetFilename|endswith: '.tmp'}")
    assert finds(text, "file_event", TargetFilename="C:\\a.tmp")
    assert not finds(text, "file_delete", TargetFilename="C:\\a.tmp")


def test_SPL_10_script_blocks_are_selected_by_log_and_id() -> None:
    text = query("splunk", "ps_script", "{ScriptBlockText|contains: mimikatz}")
    operational = "Microsoft-Windows-PowerShell/Operational"
    assert f'source="XmlWinEventLog:{operational}"' in text
    assert "EventCode=4104" in text
    assert finds(text, "ps_script", ScriptBlockText="Invoke-Mimikatz")
    assert not finds(text, "ps_module", ScriptBlockText="Invoke-Mimikatz")


def test_SPL_11_deletes_that_archive_the_file_are_a_category_of_their_own() -> None:
    selection = r"{TargetFilename|endswith: '.tmp'}"
    archived = query("splunk", "file_delete", selection)
    detected = query("splunk", "file_delete_detected", selection)
    assert "EventCode=23 " in archived
    assert "EventCode=26 " in detected


@pytest.mark.parametrize(
    ("source", "selection", "expected"),
    [
        (
            "service:system",
            "{Provider_Name: Service Control Manager}",
            'Name="Service Control Manager"',
        ),
        ("service:windefend", "{NewValue|contains: a}", 'New_Value="*a*"'),
        ("service:windefend", r"{ProcessName|endswith: '\a.exe'}", r'Process_Name="*\\a.exe"'),
        ("service:security", "{ProcessName: a}", 'ProcessName="a"'),
        ("service:security", "{AnythingElse: a}", 'AnythingElse="a"'),
        ("wmi_event", "{EventID: 20}", "EventCode=20"),
        ("network_connection", "{DestinationPort: 443}", "DestinationPort=443"),
    ],
)
def test_a_field_is_asked_by_this_name(source: str, selection: str, expected: str) -> None:
    assert query("splunk", source, selection).endswith(f" {expected}")


def test_what_is_taken_to_be_so_is_said() -> None:
    by_id = compiled("splunk", "service:security", "{EventID: 4624, AnythingElse: a}")
    assert any("collected as XML" in one for one in by_id.assumes)
    assert any("`AnythingElse` is stored under its own name" in one for one in by_id.assumes)
    assert len(compiled("splunk", "process_access", "{TargetImage: a}").assumes) == 1


@pytest.mark.parametrize(
    ("category", "field"),
    [
        ("image_load", "CommandLine"),
        ("file_event", "ParentImage"),
        ("network_connection", "ParentImage"),
        ("create_remote_thread", "SourceParentImage"),
        ("create_remote_thread", "TargetParentProcessId"),
        ("process_access", "SourceCommandLine"),
    ],
)
def test_a_field_of_other_sensors_is_left_out_with_a_note(category: str, field: str) -> None:
    result = compiled("splunk", category, f"{{Computer: a, {field}: b}}")
    assert str(result.fidelity) == "broader"
    assert [(one.code, one.field) for one in result.notes] == [("SG204", field)]


def test_data_without_a_name_is_searched_in_the_xml() -> None:
    text = query("splunk", "ps_classic_start", "{Data|contains: EngineVersion=2.}")
    assert text.endswith('EventCode=400 EventData_Xml="*EngineVersion=2.*"')
    assert finds(text, "ps_classic_start", Data="HostName=a\n\tEngineVersion=2.0")


def test_data_that_xml_may_write_otherwise_is_matched_with_more() -> None:
    result = compiled("splunk", "service:application", "{Data|contains: 'a & b'}")
    assert str(result.fidelity) == "broader"
    assert 'EventData_Xml="*a * b*"' in result.queries[0]
    assert finds(result.queries[0], "service:application", Channel="Application", Data="x a & b y")


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason() -> None:
    codes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for rule in windows_rules():
        result = compile_rule(rule, rule.condition, TARGETS["splunk"], Options())
        codes.update(one.code for one in result.diagnostics)
        kept[str(result.fidelity)] += 1
        is_recorded = recording_of(PIPELINE, rule.info.logsource) is not None
        assert is_recorded == ("SG201" not in {one.code for one in result.diagnostics})
    assert set(codes) <= {"SG133", "SG201"}
    assert codes["SG201"] <= 10
    assert kept["exact"] > 0.95 * kept.total()


RULE_STEP = 9
"""Rules between two that are run over witnesses; `make verify-corpus` runs all of them."""


@pytest.mark.corpus
def test_no_claim_is_broken_by_witnesses_or_by_recorded_events(corpus) -> None:
    file = corpus / "events" / "sigmahq_regression.ndjson.gz"
    events = [one for one in read_events(str(file)) if isinstance(one, Recorded)]
    rules = [one for one in windows_rules() if one.info.logsource.category != "process_creation"]
    documents = [rule.document for rule in rules[::RULE_STEP]]
    assert not any(isinstance(one, Diagnostic) for one in documents)
    verdicts = list(Verifier(Request((TARGETS["splunk"],)), events).verify(documents))
    assert [one for one in verdicts if one.status in FAILURES] == []
    assert sum(one.recorded.meant for one in verdicts if one.recorded) > 0
