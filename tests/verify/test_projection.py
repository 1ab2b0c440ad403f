"""What each SIEM stores of one event, as its vendor's ingest facts say."""

from __future__ import annotations

from sigmaglot.verify.projection import PROJECTIONS

EVENT = {
    "Computer": "WS-1",
    "UtcTime": "2026-01-15 10:20:30.456",
    "ProcessId": "4660",
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "CommandLine": "cmd /c dir",
    "CurrentDirectory": "C:\\Temp\\",
    "User": "CORP\\alice",
    "LogonId": "0x3e7",
    "IntegrityLevel": "High",
    "Hashes": f"MD5={'AB' * 16},SHA256={'CD' * 32},IMPHASH={'0' * 32}",
    "ParentImage": "C:\\Windows\\explorer.exe",
    "ParentProcessId": "12",
    "Custom": "kept",
}


def stored(schema: str, **changed: str) -> dict[str, object]:
    return PROJECTIONS[schema].categories["process_creation"]({**EVENT, **changed})


def test_defender_splits_path_and_account_and_keeps_numbers_as_numbers() -> None:
    row = stored("defender_xdr")
    assert (row["FileName"], row["FolderPath"]) == ("cmd.exe", "C:\\Windows\\System32\\cmd.exe")
    assert (row["AccountDomain"], row["AccountName"]) == ("CORP", "alice")
    assert (row["LogonId"], row["ProcessId"]) == (999, 4660)
    assert row["MD5"] == "AB" * 16


def test_defender_holds_empty_texts_for_nothing_but_no_number() -> None:
    row = PROJECTIONS["defender_xdr"].categories["process_creation"]({})
    assert row["ProcessCommandLine"] == ""
    assert "ProcessId" not in row


def test_elastic_moves_fields_lower_cases_hashes_and_drops_those_of_zeros() -> None:
    row = stored("elastic_ecs")
    assert row["process.name"] == "cmd.exe"
    assert (row["user.domain"], row["user.name"]) == ("CORP", "alice")
    assert row["process.hash.md5"] == "ab" * 16
    assert "process.pe.imphash" not in row
    assert row["process.parent.pid"] == 12
    assert row["winlog.event_data.IntegrityLevel"] == "High"
    assert "winlog.event_data.Image" not in row


def test_elastic_keeps_what_it_does_not_know_in_the_event_data() -> None:
    assert stored("elastic_ecs")["winlog.event_data.Custom"] == "kept"
    types = PROJECTIONS["elastic_ecs"].types
    assert types["winlog.event_data.Custom"] == "keyword"
    assert "winlog.event_data.Custom" in types
    assert "no.such.field" not in types


def test_elastic_has_no_account_where_the_text_is_none() -> None:
    assert "user.name" not in stored("elastic_ecs", User="SYSTEM")


def test_splunk_data_models_say_unknown_and_take_numbers_out_of_their_type() -> None:
    row = stored("splunk_cim", CommandLine="")
    assert row["Processes.process"] == "unknown"
    assert row["Processes.process_integrity_level"] == "high"
    registry = PROJECTIONS["splunk_cim"].categories["registry_set"]
    details = {"Details": "DWORD (0x00000001)", "TargetObject": "HKLM\\a"}
    assert registry(details) == {
        "Registry.action": "modified",
        "Registry.registry_path": "HKLM\\a",
        "Registry.registry_value_data": "0x00000001",
        "Registry.registry_value_type": "REG_DWORD",
        "Registry.user": "unknown",
    }


def test_splunk_keeps_the_event_and_extracts_hashes() -> None:
    row = stored("splunk_sysmon")
    assert row["Image"] == EVENT["Image"]
    assert (row["EventCode"], row["MD5"]) == ("1", "AB" * 16)
    assert row["source"] == "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
    classic = stored("splunk_sysmon_classic")
    assert classic["source"] == "WinEventLog:Microsoft-Windows-Sysmon/Operational"


def test_logpoint_has_labels_today_and_norm_id_as_car_writes_it() -> None:
    row = stored("logpoint")
    assert row["label"] == ["Process", "Create"]
    assert (row["process"], row["command"]) == (EVENT["Image"], "cmd /c dir")
    assert row["hash_sha256"] == "CD" * 32
    assert row["parent_process_id"] == "12"
    old = stored("logpoint_sysmon")
    assert (old["norm_id"], old["image"], old["hash"]) == (
        "WindowsSysmon",
        EVENT["Image"],
        EVENT["Hashes"],
    )


def test_dnif_has_the_base_name_and_the_stream_has_the_path() -> None:
    assert stored("dnif")["$App"] == "cmd.exe"
    assert stored("dnif")["$ParentProcess"] == "C:\\Windows\\explorer.exe"
    assert stored("dnif_dql")["image"] == EVENT["Image"]


def test_car_writes_levels_in_small_letters() -> None:
    row = stored("car")
    assert (row["exe"], row["integrity_level"], row["pid"]) == ("cmd.exe", "high", 4660)


def test_event_4688_has_its_own_names_and_forms() -> None:
    row = stored("splunk_security")
    assert row["NewProcessName"] == EVENT["Image"]
    assert (row["NewProcessId"], row["MandatoryLabel"]) == ("0x1234", "S-1-16-12288")
    assert (row["SubjectDomainName"], row["SubjectUserName"]) == ("CORP", "alice")
    assert "Image" not in row
    assert stored("elastic_security")["process.pid"] == 4660
    assert stored("logpoint_security")["integrity_sid"] == "S-1-16-12288"


def test_a_recorded_4688_stays_as_it_is() -> None:
    row = stored("splunk_security", NewProcessName="C:\\x.exe", MandatoryLabel="S-1-16-4096")
    assert (row["NewProcessName"], row["MandatoryLabel"]) == ("C:\\x.exe", "S-1-16-4096")
