"""Windows log sources in Elastic's schema: where events are, their columns, and known faults.

A test named ``test_ECS_n_...`` is about the fault of that number in the shared facts: what a public
pipeline does with the schema and a vendor's source contradicts.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigmaglot import ir
from sigmaglot.compiler import Options, Result, compile_rule, read_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.frontend import Rule
from sigmaglot.ir import Column
from sigmaglot.logsource import CATEGORIES, SERVICES
from sigmaglot.pipelines import Recording, load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.rule import LogSource
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.readers import kibana_kql
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Status

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
ECS = load_pipeline("elastic_ecs")
ELASTIC = PROJECTIONS["elastic_ecs"]
KIBANA = TARGETS["kibana"]
SYSMON = "Microsoft-Windows-Sysmon/Operational"
NOT_RECORDED = {"file_access", "file_rename"}
"""Traces of the kernel, which neither Winlogbeat nor the Windows integration collects."""


def facts() -> Any:
    path = SCHEMAS / "ecs_sysmon.json"
    if not path.is_file():
        pytest.skip("the schema facts are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def document(source: str, selection: str, condition: str) -> Document:
    kind, name = ("service", source[8:]) if source.startswith("service:") else ("category", source)
    text = (
        f"title: A rule\nlogsource: {{product: windows, {kind}: {name}}}\n"
        f"detection:\n  selection: {selection}\n  condition: {condition}\n"
    )
    return Document("rule.yml", 0, yaml.safe_load(text), text)


def compiled(source: str, selection: str, condition: str = "selection") -> Result:
    rule = read_rule(document(source, selection, condition), (), {})
    assert isinstance(rule, Rule), rule
    return compile_rule(rule, rule.condition, KIBANA, Options())


def condition_of(source: str, selection: str) -> str:
    """Return the query of a rule without what selects its log source."""
    (query,) = compiled(source, selection).queries
    recording = recording_of(ECS, logsource(source))
    assert recording
    for selector in recording.source.selectors:
        _, _, query = query.partition(f"{selector.column}: ")
        head, is_last, rest = query.partition(" and ")
        query = rest if is_last else head
    return query


def logsource(source: str) -> LogSource:
    if source == "service:None":
        return LogSource(product="windows")
    if source.startswith("service:"):
        return LogSource(product="windows", service=source[8:])
    return LogSource(product="windows", category=source)


def stored(source: str, **event: Any) -> dict[str, Any]:
    project = ELASTIC.of(source)
    assert project
    return project(event)


def finds(source: str, selection: str, **event: Any) -> bool:
    """Return whether the query of a rule finds an event as it is stored."""
    (query,) = compiled(source, selection).queries
    return kibana_kql.read(query, ELASTIC.types).matches(stored(source, **event))


def verify(source: str, selection: str, condition: str = "selection") -> set[Status]:
    verifier = Verifier(Request((KIBANA,), ("kibana-model", "kibana-model-wildcard")))
    return {one.status for one in verifier.verify([document(source, selection, condition)])}


def is_of_sysmon(name: str) -> bool:
    selectors = ECS.recordings[name].source.selectors
    return bool(selectors) and selectors[0].values == (SYSMON,)


def columns_of(recording: Recording) -> dict[str, Column]:
    return {one.name: one for entry in recording.entries.values() for one in entry.columns.values()}


# -- Where the events are -------------------------------------------------------------------------


def test_every_category_of_the_taxonomy_but_kernel_file_traces_is_recorded() -> None:
    recorded = {name for name in ECS.recordings if not name.startswith("service:")}
    assert recorded == CATEGORIES.keys() - NOT_RECORDED


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_selected_by_its_channels(service: str) -> None:
    recording = recording_of(ECS, LogSource(product="windows", service=service))
    assert recording
    (selector,) = recording.source.selectors
    assert selector.column == "winlog.channel"
    expected = SERVICES[service][:1] if service == "powershell" else SERVICES[service]
    assert set(selector.values) == set(expected)


@pytest.mark.parametrize("category", sorted(CATEGORIES.keys() - NOT_RECORDED))
def test_a_category_is_selected_by_channel_and_event_id(category: str) -> None:
    channel, code, *more = ECS.recordings[category].source.selectors
    scope = CATEGORIES[category][0]
    assert (channel.column, channel.values) == ("winlog.channel", scope.names[:1])
    assert (code.column, code.values) == ("event.code", tuple(map(str, scope.event_ids)))
    assert [one.column for one in more] == (
        ["winlog.event_data.EventType"] if category in {"registry_add", "registry_delete"} else []
    )


def test_the_event_ids_of_sysmon_are_those_of_the_facts() -> None:
    for code, known in facts()["event_ids"].items():
        for category in known["sigma_category"].split("/"):
            channel, selected, *_ = ECS.recordings[category].source.selectors
            assert channel.values == (known["winlog.channel"],)
            assert code in selected.values


def test_rules_of_windows_in_general_are_searched_in_every_log() -> None:
    recording = recording_of(ECS, LogSource(product="windows"))
    assert recording
    assert recording.source.selectors == ()


def test_a_created_key_is_not_among_the_deleted_ones() -> None:
    key = {"TargetObject": "HKLM\\SOFTWARE\\A\\B"}
    asked = "{TargetObject|startswith: HKLM}"
    assert finds("registry_add", asked, EventType="CreateKey", **key)
    assert not finds("registry_delete", asked, EventType="CreateKey", **key)
    assert finds("registry_delete", asked, EventType="DeleteValue", **key)


@pytest.mark.parametrize("category", sorted(NOT_RECORDED))
def test_kernel_file_traces_are_not_recorded_and_who_does_is_said(category: str) -> None:
    (diagnostic,) = compiled(category, "{Image: a}").diagnostics
    assert diagnostic.code == "SG201"
    assert "no such event in elastic_ecs" in diagnostic.message


# -- Columns --------------------------------------------------------------------------------------

LISTED_ELSEWHERE = {
    "registry.value", "registry.data.type", "process.title", "event.sequence", "event.outcome",
    "log.level", "error.code", "message", "powershell.id", "powershell.command.value",
    "powershell.engine.new_state", "powershell.engine.previous_state", "powershell.provider.name",
    "powershell.provider.new_state", "winlog.channel", "winlog.process.pid",
}  # fmt: skip
"""Columns of the ECS field reference, or of Winlogbeat's and its modules' field lists, that the
facts name in notes alone or not at all."""


@pytest.mark.parametrize("name", ECS.recordings)
def test_every_column_has_the_type_of_the_schema(name: str) -> None:
    types = facts()["field_types"]
    for column, one in columns_of(ECS.recordings[name]).items():
        if column in types:
            assert one.type == types[column]["type"], column
            has_text = "match_only_text" in types[column]["multi_fields"].values()
            assert one.text == (f"{column}.text" if has_text else ""), column
        else:
            is_data = column.startswith(("winlog.event_data.", "winlog.user_data."))
            assert is_data or column in LISTED_ELSEWHERE, column
            assert one.type == "keyword" or not is_data


def test_the_model_of_elasticsearch_has_every_column_with_the_same_type() -> None:
    for recording in ECS.recordings.values():
        for name, column in columns_of(recording).items():
            assert ELASTIC.types[name] == column.type, name
            assert not column.text or ELASTIC.types[column.text] == "text"


@pytest.mark.parametrize("name", ECS.recordings)
def test_what_is_not_sure_says_why(name: str) -> None:
    for entry in ECS.recordings[name].entries.values():
        unsure = entry.confidence != "high"
        assert all(bool(column.caveat) == unsure for column in entry.columns.values()), entry


def test_the_confidence_is_no_higher_than_that_of_the_facts() -> None:
    ranks = {"high": 2, "medium": 1, "low": 0}
    for category, fields in facts()["field_map"].items():
        recording = ECS.recordings.get(category.partition(" ")[0])
        for field, known in fields.items() if recording else ():
            if category.startswith("service:") and field == "SubjectUserName":
                continue  # the copy in user.name is not sure; winlog.event_data keeps the field
            entry = recording.entries.get(field) if recording else None
            assert entry is None or ranks[entry.confidence] <= ranks[known["confidence"]], (
                category,
                field,
            )


def test_no_column_is_one_that_the_pipeline_deletes() -> None:
    deleted = {f"winlog.event_data.{field}" for field in facts()["event_data_deleted_by_pipeline"]}
    sysmon = [one for name, one in ECS.recordings.items() if is_of_sysmon(name)]
    assert len(sysmon) > 25
    for recording in sysmon:
        assert not deleted & columns_of(recording).keys()


@pytest.mark.parametrize(
    "category", sorted(CATEGORIES.keys() - NOT_RECORDED - {"process_creation"})
)
def test_a_deleted_field_is_never_looked_for_under_its_own_name(category: str) -> None:
    if is_of_sysmon(category):
        for field in facts()["event_data_deleted_by_pipeline"]:
            assert field in ECS.recordings[category].entries, field


def test_every_field_that_rules_use_has_an_entry() -> None:
    path = SCHEMAS / "sigma_usage.json"
    if not path.is_file():
        pytest.skip("the usage of fields is not beside this checkout")
    for name, known in json.loads(path.read_text(encoding="utf-8")).items():
        recording = recording_of(ECS, logsource(name))
        if recording is None:
            assert name in {*NOT_RECORDED, "service:microsoft-servicebus-client"}
            continue
        for field in known["fields"]:
            entry = recording.entries[field]
            assert bool(entry.columns) != bool(entry.reason), (name, field)


# -- Known faults of public mappings --------------------------------------------------------------


@pytest.mark.parametrize("category", ["image_load", "file_event", "network_connection"])
def test_ECS_1_no_column_is_of_elastic_defend_alone(category: str) -> None:
    assert not [name for name in ECS.recordings[category].columns if name.endswith(".caseless")]


def test_ECS_2_an_account_is_asked_by_domain_and_name() -> None:
    asked = "{User: 'CORP\\alice'}"
    assert finds("file_event", asked, User="CORP\\alice")
    assert not finds("file_event", asked, User="OTHER\\alice")
    assert condition_of("file_event", asked).startswith("user.domain: ")


@pytest.mark.parametrize("category", ["image_load", "driver_load", "file_executable_detected"])
def test_ECS_3_hashes_are_asked_in_small_letters_in_their_own_columns(category: str) -> None:
    query = condition_of(category, f"{{Hashes|contains: SHA256={'AB' * 32}}}")
    assert query == f'file.hash.sha256: "{"ab" * 32}"'


def test_ECS_3_the_hash_of_a_deleted_file_is_among_those_of_the_process() -> None:
    query = condition_of("file_delete", f"{{Hashes|contains: MD5={'AB' * 16}}}")
    assert query == f'process.hash.md5: "{"ab" * 16}"'


def test_ECS_4_registry_data_is_asked_as_it_is_stored() -> None:
    query = condition_of("registry_set", "{Details: DWORD (0x00000d3d)}")
    assert query == 'registry.data.type: "SZ_DWORD" and registry.data.strings: "3389"'


@pytest.mark.parametrize("value", ["'true'", "true", "'TRUE'"])
def test_ECS_5_whether_an_image_is_signed_is_asked_of_the_text_that_is_kept(value: str) -> None:
    assert condition_of("image_load", f"{{Signed: {value}}}") == 'winlog.event_data.Signed: "true"'
    assert finds("image_load", "{Signed: 'false'}", Signed="false")


@pytest.mark.parametrize(
    ("category", "field", "column"),
    [
        ("process_creation", "Imphash", "process.pe.imphash"),
        ("image_load", "Imphash", "file.pe.imphash"),
        ("image_load", "Hashes", "file.pe.imphash"),
        ("file_delete", "Hashes", "process.pe.imphash"),
        ("clipboard_capture", "Hashes", "process.pe.imphash"),
    ],
)
def test_ECS_6_the_column_of_an_imphash_is_that_of_the_event(
    category: str, field: str, column: str
) -> None:
    found = {one.name for one in ECS.recordings[category].entries[field].columns.values()}
    assert column in found


@pytest.mark.parametrize(
    ("category", "field", "column"),
    [
        ("dns_query", "QueryResults", ""),
        ("file_event", "RuleName", "rule.name"),
        ("network_connection", "SourcePortName", ""),
        ("network_connection", "SourceIsIpv6", "network.type"),
    ],
)
def test_ECS_7_what_the_pipeline_deletes_is_not_looked_for_in_the_event_data(
    category: str, field: str, column: str
) -> None:
    entry = ECS.recordings[category].entries[field]
    assert [one.name for one in entry.columns.values()] == [column] * bool(column)
    assert bool(entry.reason) != bool(column)


@pytest.mark.parametrize(
    ("value", "direction"),
    [("'true'", "egress"), ("true", "egress"), ("'false'", "ingress"), ("false", "ingress")],
)
def test_ECS_8_who_began_a_connection_is_its_direction(value: str, direction: str) -> None:
    query = condition_of("network_connection", f"{{Initiated: {value}}}")
    assert query == f'network.direction: "{direction}"'


def test_ECS_9_the_name_of_a_parent_process_is_its_whole_path() -> None:
    entry = load_pipeline("elastic_security").recordings["process_creation"].entries
    assert entry["ParentProcessName"].column.name == "process.parent.executable"


def test_ECS_10_the_process_id_of_a_creation_is_that_of_the_parent() -> None:
    project = PROJECTIONS["elastic_security"].categories["process_creation"]
    record = project({"NewProcessName": "a", "NewProcessId": "0x10", "ProcessId": "0x4"})
    assert (record["process.pid"], record["process.parent.pid"]) == (16, 4)
    query = condition_of("service:security", "{EventID: 4673, ProcessId: '0x10'}")
    assert "process.pid: 16" in query
    assert 'not event.code: "4688"' in query


def test_ECS_11_a_payload_is_asked_of_the_invocation_details() -> None:
    query = condition_of("ps_module", "{Payload|contains: Get-Clipboard}")
    assert "powershell.command.invocation_details." in query
    assert "script_block_text" not in query


def test_ECS_12_context_and_path_are_asked_of_the_columns_that_they_became() -> None:
    assert "winlog.event_data" not in condition_of("ps_module", "{ContextInfo|contains: a.ps1}")
    assert "file.path" in condition_of("ps_script", "{Path|endswith: .ps1}")


@pytest.mark.parametrize("category", ["image_load", "driver_load"])
def test_ECS_13_a_signature_is_asked_of_its_subject(category: str) -> None:
    entry = ECS.recordings[category].entries["Signature"]
    assert entry.column.name == "file.code_signature.subject_name"


def test_ECS_14_the_status_of_a_query_is_asked_by_its_name() -> None:
    assert condition_of("dns_query", "{QueryStatus: '0'}") == 'sysmon.dns.status: "SUCCESS"'
    assert condition_of("dns_query", "{QueryStatus: 0}") == 'sysmon.dns.status: "SUCCESS"'


@pytest.mark.parametrize(
    ("source", "selection"),
    [
        ("file_event", "{TargetFilename|endswith: '\\Evil.Exe'}"),
        ("dns_query", "{QueryName|endswith: '.Example.org'}"),
        ("service:system", "{ServiceName: PsExeSvc}"),
    ],
)
def test_ECS_15_a_match_that_respects_letter_case_is_not_called_exact(
    source: str, selection: str
) -> None:
    result = compiled(source, selection)
    assert result.ok
    is_by_words = ".text: " in result.queries[0]
    assert is_by_words or str(result.fidelity) != "exact"
    assert verify(source, selection) == {Status.KEPT}


# -- What the vendor stores -----------------------------------------------------------------------


def test_nothing_is_stored_of_a_field_that_says_nothing() -> None:
    nothing = {"Description": "-", "Company": "", "Product": None}
    record = stored("image_load", ProcessGuid="{00000000-0000-0000-0000-000000000000}", **nothing)
    assert record.keys() == {"winlog.channel", "winlog.provider_name", "event.code"}


def test_a_loaded_image_is_a_file_with_its_version_and_its_signature() -> None:
    record = stored(
        "image_load",
        Image="C:\\a\\x.exe",
        ImageLoaded="C:\\b\\y.dll",
        OriginalFileName="Y.DLL",
        Company="ACME",
        Signed="true",
        Signature="ACME",
        SignatureStatus="Valid",
        Hashes=f"SHA1={'AB' * 20},IMPHASH={'0' * 32}",
    )
    assert (record["file.path"], record["file.name"]) == ("C:\\b\\y.dll", "y.dll")
    assert (record["process.executable"], record["process.name"]) == ("C:\\a\\x.exe", "x.exe")
    assert (record["file.pe.original_file_name"], record["file.pe.company"]) == ("Y.DLL", "ACME")
    assert record["file.code_signature.status"] == "Valid"
    assert record["file.hash.sha1"] == "ab" * 20
    assert "file.pe.imphash" not in record
    assert record["winlog.event_data.Signed"] == "true"
    assert "winlog.event_data.Hashes" not in record


@pytest.mark.parametrize(
    ("details", "strings", "kind"),
    [
        ("DWORD (0x0000000a)", "10", "SZ_DWORD"),
        ("QWORD (0x00000000-0x00000005)", "5", "SZ_QWORD"),
        ("Binary Data", "Binary Data", "REG_BINARY"),
        ("(Empty)", "(Empty)", "REG_SZ"),
    ],
)
def test_a_registry_value_has_its_path_its_name_and_typed_data(
    details: str, strings: str, kind: str
) -> None:
    record = stored("registry_set", TargetObject="HKLM\\A\\B", Details=details)
    assert (record["registry.path"], record["registry.key"]) == ("HKLM\\A\\B", "A\\B")
    assert (record["registry.hive"], record["registry.value"]) == ("HKLM", "B")
    assert (record["registry.data.strings"], record["registry.data.type"]) == ([strings], kind)


def test_a_connection_has_addresses_ports_and_a_direction() -> None:
    record = stored(
        "network_connection",
        Initiated="true",
        SourceIp="10.0.0.1",
        DestinationIp="192.0.2.1",
        DestinationPort="443",
        DestinationHostname="host.example",
        SourceIsIpv6="false",
        Protocol="tcp",
    )
    assert record["network.direction"] == "egress"
    assert (record["source.ip"], record["destination.ip"]) == ("10.0.0.1", "192.0.2.1")
    assert record["destination.port"] == 443
    assert (record["network.type"], record["network.transport"]) == ("ipv4", "tcp")
    assert record["destination.domain"] == "host.example"


def test_the_name_of_a_pipe_keeps_its_backslash() -> None:
    assert stored("pipe_created", PipeName="\\evil")["file.name"] == "\\evil"


def test_invocation_details_are_the_lines_of_a_payload() -> None:
    lines = 'CommandInvocation(A-B): "A-B"\r\nParameterBinding(A-B): name="P"; value="v"\r\nmore'
    record = stored("ps_module", Payload=lines)
    details = "powershell.command.invocation_details"
    assert record[f"{details}.type"] == ["CommandInvocation", "ParameterBinding"]
    assert record[f"{details}.related_command"] == ["A-B", "A-B"]
    assert record[f"{details}.value"] == ['"A-B"', '"v"', "more"]
    assert record[f"{details}.name"] == ['"P"']


def test_the_classic_log_has_a_column_for_each_of_its_keys() -> None:
    data = "\tNewEngineState=Available\n\tHostName=ConsoleHost\n\tHostApplication=powershell -x\n"
    record = stored("ps_classic_start", Data=data)
    assert record["powershell.engine.new_state"] == "Available"
    assert record["process.title"] == "ConsoleHost"
    assert record["process.command_line"] == "powershell -x"


@pytest.mark.parametrize(
    ("code", "column"), [("4624", "source.ip"), ("4820", "winlog.event_data.IpAddress")]
)
def test_the_security_module_moves_the_address_of_the_events_that_it_knows(
    code: str, column: str
) -> None:
    record = stored("service:security", EventID=code, IpAddress="::ffff:10.0.0.1")
    assert {"source.ip", "winlog.event_data.IpAddress"} & record.keys() == {column}
    assert record[column].endswith("10.0.0.1")


def test_names_of_defenders_data_have_no_blanks() -> None:
    record = stored("service:windefend", NewValue="a", ProcessName="C:\\a\\b.exe")
    assert record["winlog.event_data.New_Value"] == "a"
    assert (record["process.executable"], record["process.name"]) == ("C:\\a\\b.exe", "b.exe")


# -- Rules ----------------------------------------------------------------------------------------

WORDS = ("*IEX", "New*", "*Object")
QUERIES = {
    "a port is a number": (
        "network_connection",
        "{DestinationPort: 443}",
        "destination.port: 443",
    ),
    "a network": (
        "network_connection",
        "{DestinationIp|cidr: 10.0.0.0/8}",
        'destination.ip: "10.0.0.0/8"',
    ),
    "the start of an address": (
        "network_connection",
        "{SourceIp|startswith: 192.168.}",
        'source.ip: "192.168.0.0/16"',
    ),
    "an event id is text": ("service:security", "{EventID: 4624}", 'event.code: "4624"'),
    "a number of the event data is text": (
        "service:security",
        "{LogonType: 9}",
        'winlog.event_data.LogonType: "9"',
    ),
    "a part of one word of a script": (
        "ps_script",
        "{ScriptBlockText|contains: AmsiUtils}",
        "powershell.file.script_block_text: *AmsiUtils*",
    ),
    "words of a script": (
        "ps_script",
        "{ScriptBlockText|contains: 'IEX (New-Object '}",
        " and ".join(f"powershell.file.script_block_text: {word}" for word in WORDS),
    ),
    "the kind of a registry event": (
        "registry_event",
        "{EventType: deletevalue}",
        'winlog.event_data.EventType: "DeleteValue"',
    ),
    "all numbers of a type": (
        "registry_set",
        "{Details: 'QWORD (0x00000000-0x00000001)'}",
        'registry.data.type: "SZ_QWORD" and registry.data.strings: "1"',
    ),
    "the family of an address": (
        "network_connection",
        "{DestinationIsIpv6: 'false'}",
        'destination.ip: "0.0.0.0/0"',
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_rule_becomes_this_query(name: str) -> None:
    source, selection, expected = QUERIES[name]
    assert condition_of(source, selection) == expected
    assert verify(source, selection) == {Status.KEPT}


BOUNDED = (
    ("image_load", "{Description: ['-', '', null]}"),
    ("image_load", "{Description|contains: '-'}"),
    ("registry_set", "{Details|contains: '0x0000'}"),
    ("registry_set", "{Details|startswith: 'DWORD'}"),
    ("registry_set", "{Details|re: '0x0+1'}"),
    ("registry_set", "{Details: 1}"),
    ("registry_set", "{TargetObject|contains: '\\CurrentVersion\\Run\\'}"),
    ("create_stream_hash", "{Hash|contains: 'IMPHASH='}"),
    ("pipe_created", "{PipeName|re: '^.mojo[0-9]+'}"),
    ("process_access", "{GrantedAccess|endswith: 'B0', CallTrace|contains: '|UNKNOWN('}"),
    ("process_tampering", "{Type: Image is replaced}"),
    ("ps_script", "{ScriptBlockText|contains|all: ['Invoke-X', ' -Path ', 'a.b.c']}"),
    ("ps_script", "{ScriptBlockText|re: 'Set-\\w+ .*Value'}"),
    ("ps_module", "{Payload|contains: 'Add-Type -Assembly'}"),
    ("service:security", "{AccessMask: '0x2', AccessList|contains: '%%4417'}"),
    ("service:security", "{AccessList|contains: WriteData}"),
    ("service:security", "{PrivilegeList: SeLoadDriverPrivilege}"),
    ("service:application", "{Level: 2, Data|contains: ntds.dit}"),
    ("service:wmi", "{Operation|contains: cleareventlog}"),
)


@pytest.mark.parametrize(("source", "selection"), BOUNDED)
@pytest.mark.parametrize("condition", ["selection", "not selection"])
def test_what_is_stored_otherwise_keeps_its_claim(
    source: str, selection: str, condition: str
) -> None:
    result = compiled(source, selection, condition)
    codes = {one.code for one in result.diagnostics}
    assert codes <= {"SG202"}
    assert verify(source, selection, condition) <= {Status.KEPT, Status.UNSUPPORTED}


def test_the_two_places_of_event_data_are_both_searched() -> None:
    asked = "{Operation|contains: '42'}"
    assert finds("service:wmi", asked, Operation="a42")
    assert "winlog.user_data.Operation" in condition_of("service:wmi", asked)


def test_what_a_claim_rests_on_is_told() -> None:
    (assumed,) = [
        one
        for one in compiled("ps_script", "{ScriptBlockText|contains: abc}").assumes
        if "PowerShell 7" in one
    ]
    assert "PowerShellCore/Operational" in assumed


@pytest.fixture(scope="module")
def rules(corpus: Path) -> list[Rule]:
    documents = read_documents([str(corpus / "sigmahq")])
    found = [read_rule(one, (), {}) for one in documents if not isinstance(one, Diagnostic)]
    return [
        rule
        for rule in found
        if isinstance(rule, Rule) and rule.info.logsource.product == "windows"
    ]


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason(rules: list[Rule]) -> None:
    reasons: Counter[str] = Counter()
    for rule in rules:
        result = compile_rule(rule, rule.condition, KIBANA, Options())
        codes = {one.code for one in result.diagnostics}
        assert result.ok != bool(codes)
        reasons.update(codes)
    assert reasons.keys() <= {"SG133", "SG201", "SG202"}, reasons
    assert reasons["SG202"] < len(rules) / 100
    kernel = [one for one in rules if one.info.logsource.category in NOT_RECORDED]
    assert reasons["SG201"] == len(kernel)


@pytest.mark.corpus
def test_no_claim_about_a_log_source_is_broken(rules: list[Rule]) -> None:
    """A sample; `make verify-corpus` runs all of them."""
    chosen = [rule for rule in rules if rule.info.logsource.category != "process_creation"][::8]
    verifier = Verifier(Request((KIBANA,), ("kibana-model",)))
    verdicts = list(verifier.verify(rule.document for rule in chosen))
    broken = [one for one in verdicts if one.status not in {Status.KEPT, Status.UNSUPPORTED}]
    assert broken == []


def test_columns_of_every_leaf_are_declared() -> None:
    for recording in ECS.recordings.values():
        for entry in recording.entries.values():
            for column in entry.columns.values():
                assert column.name in recording.columns
                assert isinstance(column, ir.Column)
