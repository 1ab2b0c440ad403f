"""The known faults of public mappings to Defender XDR: each is avoided."""

from __future__ import annotations

import pytest
from defender_rules import RECORDINGS, facts, finds, query, reason, result

from sigmaglot.verify.engines.kusto_model import read

SET = "registry_set"


def test_XDR_1_a_registry_value_is_its_key_and_its_name() -> None:
    found = query(SET, r"{TargetObject|endswith: '\Services\Foo\Start'}")
    assert r'strcat(RegistryKey, @"\", ' in found
    assert finds(found, SET, TargetObject=r"HKLM\System\CurrentControlSet\Services\Foo\Start")
    assert not finds(found, SET, TargetObject=r"HKLM\System\Services\Foo\Start\x")


def test_XDR_1_a_value_without_a_name_is_the_default_one_however_it_is_stored() -> None:
    found = read(query(SET, r"{TargetObject|endswith: '\open\command\(Default)'}"))
    row = {"ActionType": "RegistryValueSet", "RegistryKey": r"HKEY_USERS\x\open\command"}
    assert found.matches({**row, "RegistryValueName": ""})
    assert found.matches({**row, "RegistryValueName": "(Default)"})
    assert not found.matches({**row, "RegistryValueName": "Icon"})


def test_XDR_2_the_control_set_in_use_has_its_name_or_its_number() -> None:
    found = query(SET, r"{TargetObject|startswith: 'HKLM\SYSTEM\CurrentControlSet\Services\'}")
    for name in ("CurrentControlSet", "ControlSet001"):
        assert rf"HKEY_LOCAL_MACHINE\SYSTEM\{name}\Services" in found
    assert "CurrentControlSet001" not in found


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("CreateKey", "RegistryKeyCreated"),
        ("DeleteKey", "RegistryKeyDeleted"),
        ("DeleteValue", "RegistryValueDeleted"),
        ("SetValue", "RegistryValueSet"),
        ("RenameKey", "RegistryKeyRenamed"),
    ],
)
def test_XDR_3_an_event_type_is_one_action_type(kind: str, action: str) -> None:
    known = facts("defender_tables.json")["value_maps"]["registry_event_type"]["map"]
    assert known[kind] == action
    found = query("registry_event", rf"{{EventType: {kind}, TargetObject|contains: '\Run'}}")
    assert f'| where ActionType == "{action}"' in found


def test_XDR_3_the_renaming_of_a_value_is_not_recorded() -> None:
    assert "no such value in any event" in reason("registry_event", "{EventType: RenameValue}")


def test_XDR_4_what_was_deleted_stands_in_the_columns_of_before() -> None:
    found = query("registry_delete", r"{TargetObject|endswith: '\MRU0'}")
    assert "PreviousRegistryKey" in found
    assert "PreviousRegistryValueName" in found
    for kind in ("DeleteKey", "DeleteValue"):
        assert finds(found, "registry_delete", TargetObject=r"HKU\x\MRU0", EventType=kind)


def test_XDR_4_a_renamed_key_has_its_old_name_in_the_column_of_before() -> None:
    selection = r"{TargetObject|endswith: '\old', NewName|endswith: '\new'}"
    found = query("registry_rename", selection)
    assert r'PreviousRegistryKey endswith @"\old"' in found
    assert r'| where RegistryKey endswith @"\new"' in found


@pytest.mark.parametrize("category", sorted(RECORDINGS))
def test_XDR_5_every_category_asks_for_its_action_types(category: str) -> None:
    (actions,) = RECORDINGS[category].source.selectors
    assert actions.column == "ActionType"
    assert actions.values


def test_XDR_5_files_that_are_created_deleted_and_renamed_are_three_queries() -> None:
    sources = ("file_event", "file_delete", "file_rename")
    found = {query(source, "{TargetFilename|endswith: .exe}") for source in sources}
    assert len(found) == 3


def test_XDR_6_a_number_is_compared_in_decimal_digits() -> None:
    found = query(SET, "{Details: DWORD (0x0000000a)}")
    assert '| where RegistryValueData =~ "10"' in found
    assert "DWORD (" not in found
    assert finds(found, SET, Details="DWORD (0x0000000a)")
    assert not finds(found, SET, Details="10")
    assert finds(query(SET, "{Details: '10'}"), SET, Details="10")


def test_XDR_6_a_long_number_has_two_words() -> None:
    found = query(SET, "{Details: QWORD (0x00000001-0x00000000)}")
    assert '"4294967296"' in found


def test_XDR_7_a_value_that_ends_in_a_backslash_keeps_its_shape() -> None:
    found = query("registry_delete", r"{TargetObject|contains: '\CurrentVersion\Run\'}")
    assert r'TargetObject contains @"\CurrentVersion\Run\"' in found


def test_XDR_8_the_direction_says_which_side_is_local() -> None:
    outbound = query("network_connection", "{Initiated: 'true', DestinationPort: 443}")
    actions = '"ConnectionSuccess", "ConnectionFailed", "ConnectionRequest"'
    assert f"| where ActionType in ({actions})" in outbound
    inbound = query("network_connection", "{Initiated: 'false', DestinationIp: 10.0.0.1}")
    assert '| where ActionType == "InboundConnectionAccepted"' in inbound
    event = {"SourceIp": "10.0.0.2", "DestinationIp": "10.0.0.1", "DestinationPort": "443"}
    assert finds(outbound, "network_connection", **event, Initiated="true")
    assert not finds(outbound, "network_connection", **event, Initiated="false")
    assert finds(inbound, "network_connection", **event, Initiated="false")


def test_XDR_8_without_a_direction_each_row_is_read_by_its_own() -> None:
    found = query("network_connection", "{SourceIp|cidr: 10.0.0.0/8, DestinationPort: 22}")
    for initiated in ("true", "false"):
        event = {"SourceIp": "10.1.1.1", "DestinationIp": "192.0.2.1", "Initiated": initiated}
        assert finds(found, "network_connection", **event, DestinationPort="22", SourcePort="5")
        swapped = {**event, "SourceIp": "192.0.2.1", "DestinationIp": "10.1.1.1"}
        assert not finds(found, "network_connection", **swapped, DestinationPort="22")


def test_a_host_is_found_in_a_url_and_a_protocol_by_its_beginning() -> None:
    selection = "{DestinationHostname|endswith: .example, Protocol: tcp}"
    found = query("network_connection", selection)
    event = {"Initiated": "true", "DestinationHostname": "a.example", "Protocol": "tcp"}
    assert finds(found, "network_connection", **event, DestinationPort="443")
    assert 'Protocol startswith "Tcp"' in found


@pytest.mark.parametrize(
    "field", "OriginalFileName Company Description Product FileVersion".split()
)
def test_XDR_9_the_version_of_a_loaded_file_is_not_that_of_its_loader(field: str) -> None:
    entry = RECORDINGS["image_load"].entries[field]
    assert not entry.columns
    assert "the process that loads it" in entry.reason


@pytest.mark.parametrize("category", ["file_event", "file_delete", "file_rename", "registry_set"])
def test_XDR_10_the_user_of_a_local_event_is_that_of_the_process(category: str) -> None:
    found = query(category, r"{User: 'CORP\alice'}")
    assert 'InitiatingProcessAccountDomain =~ "CORP"' in found
    assert 'InitiatingProcessAccountName =~ "alice"' in found
    assert "Request" not in found


def test_XDR_11_a_logon_id_is_a_number() -> None:
    assert "LogonId == 999" in query("process_creation", "{LogonId: '0x3e7'}")


def test_XDR_12_a_hash_without_a_column_is_said() -> None:
    found = result("driver_load", "{Hashes|contains: ['IMPHASH=0A', 'MD5=0B']}")
    assert str(found.fidelity) == "narrower"
    assert "IMPHASH has no column" in found.notes[0].message


def test_XDR_13_no_query_names_a_parents_command_line_that_no_table_has() -> None:
    assert "is not recorded" in reason("file_event", "{ParentCommandLine: x}")


def test_XDR_14_a_whole_hash_is_equal() -> None:
    found = query("image_load", f"{{Hashes|contains: 'SHA1={'a' * 40}'}}")
    assert "SHA1 =~" in found


@pytest.mark.parametrize(
    ("category", "action"),
    [
        ("file_change", "FileTimestampModificationEvent"),
        ("pipe_created", "NamedPipeEvent"),
        ("process_access", "OpenProcessApiCall"),
        ("create_remote_thread", "CreateRemoteThreadApiCall"),
        ("driver_load", "DriverLoad"),
        ("wmi_event", "WmiBindEventFilterToConsumer"),
    ],
)
def test_XDR_15_events_of_the_sensor_are_in_device_events(category: str, action: str) -> None:
    source = RECORDINGS[category].source
    assert (source.table, source.selectors[0].values) == ("DeviceEvents", (action,))


def test_XDR_16_a_parents_path_is_looked_for_by_its_name() -> None:
    found = query("image_load", r"{ParentImage|endswith: '\explorer.exe'}")
    assert 'InitiatingProcessParentFileName =~ "explorer.exe"' in found
    events = query("pipe_created", r"{ParentImage|endswith: '\explorer.exe'}")
    assert 'ParentName =~ "explorer.exe"' in events


def test_XDR_17_no_query_names_the_column_that_is_not_confirmed() -> None:
    for category in set(RECORDINGS) - {"process_creation"}:
        assert "LogonID" not in RECORDINGS[category].columns
