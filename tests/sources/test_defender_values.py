"""How values are stored in Defender XDR, and found there by the queries of one-line rules."""

from __future__ import annotations

import re

import pytest
from defender_rules import STORED, TARGET, document, finds, query, reason, result

from sigmaglot.compiler import Options, compile_documents
from sigmaglot.source import Document
from sigmaglot.targets import find_targets

SET = "registry_set"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (r"HKLM\SOFTWARE\X\V", r"HKEY_LOCAL_MACHINE\SOFTWARE\X"),
        (r"HKU\S-1-5-18\X\V", r"HKEY_USERS\S-1-5-18\X"),
        (r"HKU\S-1-5-21-1-2-3-500\X\V", r"HKEY_CURRENT_USER\S-1-5-21-1-2-3-500\X"),
        (r"HKCR\X\V", r"HKEY_LOCAL_MACHINE\Classes\X"),
        (r"HKLM\System\CurrentControlSet\X\V", r"HKEY_LOCAL_MACHINE\System\ControlSet001\X"),
    ],
)
def test_a_key_is_stored_so_and_found(written: str, stored: str) -> None:
    record = STORED[SET]({"TargetObject": written, "Details": "x"})
    assert (record["RegistryKey"], record["RegistryValueName"]) == (stored, "V")
    assert finds(query(SET, f"{{TargetObject: '{written}'}}"), SET, TargetObject=written)


def test_the_name_of_a_pipe_has_the_prefix_of_its_device() -> None:
    event = {"PipeName": r"\msagent_12"}
    assert r"\\Device\\NamedPipe\\msagent_12" in STORED["pipe_created"](event)["AdditionalFields"]
    for selection in (r"|startswith: '\msagent_'", r": '\msagent_12'", r"|re: '^\\msagent_\d+$'"):
        assert finds(query("pipe_created", f"{{PipeName{selection}}}"), "pipe_created", **event)
    named = query("pipe_created", r"{PipeName|contains: pipe}")
    assert not finds(named, "pipe_created", **event)


@pytest.mark.parametrize(
    ("selection", "is_found"),
    [
        (": '0x1410'", True),
        (": ['0x1010', '0x1410']", True),
        ("|endswith: '10'", True),
        ("|startswith: '0x14'", True),
        ("|contains: '41'", True),
        (": '0x14'", False),
        ("|endswith: 'F0'", False),
    ],
)
def test_an_access_mask_is_a_number_in_the_json_of_the_row(selection: str, is_found: bool) -> None:
    found = query("process_access", f"{{GrantedAccess{selection}}}")
    assert finds(found, "process_access", GrantedAccess="0x1410") is is_found


@pytest.mark.parametrize(
    ("category", "field"),
    [
        ("create_remote_thread", "TargetImage"),
        ("file_delete", "TargetFilename"),
        ("file_event", "TargetFilename"),
        ("file_rename", "SourceFilename"),
    ],
)
def test_a_path_is_found_with_its_name_or_without_it(category: str, field: str) -> None:
    for selection in (r"|endswith: '\x\a.exe'", r": 'C:\x\a.exe'", r"|contains: '\x\a'"):
        found = query(category, f"{{{field}{selection}}}")
        assert finds(found, category, **{field: r"C:\x\a.exe"})
        assert not finds(found, category, **{field: r"C:\x\b.exe"})
    name = query(category, rf"{{{field}|endswith: '\a.exe'}}")
    assert "extend" not in name


def test_a_script_is_searched_in_json_where_backslashes_are_doubled() -> None:
    found = result("ps_script", r"{ScriptBlockText|contains: '\Temp\'}")
    assert str(found.fidelity) == "broader"
    assert r'AdditionalFields contains @"\\Temp\\"' in found.queries[0]
    assert finds(found.queries[0], "ps_script", ScriptBlockText=r'ls "C:\Temp\"')


def test_a_command_is_known_by_its_name_alone() -> None:
    found = result("ps_module", "{Payload|contains: Get-Clipboard}")
    assert str(found.fidelity) == "narrower"
    payload = "CommandInvocation(Get-Clipboard): x"
    assert finds(found.queries[0], "ps_module", Payload=payload)


# -- services -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "action"),
    [
        ("1102", "SecurityLogCleared"),
        ("4697", "ServiceInstalled"),
        ("4698", "ScheduledTaskCreated"),
        ("4720", "UserAccountCreated"),
        ("4732", "UserAccountAddedToLocalGroup"),
    ],
)
def test_the_id_of_a_security_event_is_an_action_type(number: str, action: str) -> None:
    selection = f"{{EventID: {number}, SubjectUserName: alice}}"
    assert f'| where ActionType == "{action}"' in query("service:security", selection)


def test_an_id_without_an_action_type_has_no_query() -> None:
    said = reason("service:security", "{EventID: 4663, ObjectName: x}")
    assert said.startswith("SG201")
    assert "no such event in defender_xdr: `EventID` 4663" in said


def test_ids_with_and_without_an_action_type_are_a_narrower_query() -> None:
    found = result("service:security", "{EventID: [517, 1102]}")
    assert str(found.fidelity) == "narrower"
    assert "SecurityLogCleared" in found.queries[0]


def test_a_service_is_known_by_its_name_and_a_task_by_its_own() -> None:
    service = {"Provider_Name": "Service Control Manager", "EventID": "7045"}
    selection = "{Provider_Name: Service Control Manager, EventID: 7045, ServiceName: PSEXESVC}"
    found = query("service:system", selection)
    assert finds(found, "service:system", **service, ServiceName="PSEXESVC")
    assert not finds(found, "service:system", **service, ServiceName="other")
    task = query("service:security", r"{EventID: 4698, TaskName|startswith: '\Microsoft\'}")
    assert finds(task, "service:security", EventID="4698", TaskName=r"\Microsoft\x")


def test_the_target_of_a_groups_change_is_the_group() -> None:
    found = query("service:security", "{EventID: 4732, TargetUserName: Administrators}")
    event = {"EventID": "4732", "TargetUserName": "Administrators", "MemberSid": "S-1-5-21-1"}
    assert finds(found, "service:security", **event)


# -- queries ------------------------------------------------------------------------------------


def test_only_the_computed_columns_that_are_used_are_computed() -> None:
    found = query("network_connection", "{DestinationPort: 22}")
    assert found.count("| extend ") == 1


def test_a_hunting_query_computes_what_it_shows() -> None:
    rule = document("registry_set", "{Details: x}")
    data = {**rule.data, "fields": ["TargetObject", "Details"]}
    found = next(
        compile_documents([Document("rule.yml", 0, data, rule.text)], (TARGET,), Options(hunt=True))
    ).queries[0]
    assert "| extend TargetObject = strcat(" in found
    assert re.search(r"\| project .*\bTargetObject, RegistryValueData\b", found)


def test_no_other_language_takes_a_computed_column_for_one_of_the_table() -> None:
    documents = [document("registry_set", "{TargetObject: x}")]
    found = next(compile_documents(documents, find_targets(("defender_xdr/spl",))))
    assert not found.ok
    assert "cannot say" in found.diagnostics[0].message


def test_a_query_for_every_event_of_a_kind_says_what_the_rule_asks_for_beside_it() -> None:
    lost = result("service:security", "{EventID: 4698, TaskContent|contains: x}")
    assert str(lost.fidelity) == "broader"
    first, *_ = lost.notes
    left = "nothing of the rule is left but a kind of event: `TaskContent` has no column"
    assert (first.code, first.field) == ("SG208", "TaskContent")
    assert first.message.startswith(left)
    assert lost.departure is not None
    assert left in lost.departure.message
    assert str(result("service:security", "{EventID: 4698}").fidelity) == "exact"
    beside = result("service:security", "{EventID: 4698, TaskContent|contains: x, TaskName: y}")
    assert str(beside.fidelity) == "broader"
