"""Log sources in the CAR data model: objects, actions and their fields."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from dnif_car import (
    COMMON,
    MANIFEST,
    columns_of,
    compiled,
    facts,
    query,
    unknown_fields,
    windows_rules,
)

from sigmaglot.compiler import Options, compile_rule
from sigmaglot.pipelines import load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS

CAR = load_pipeline("car")
OBJECTS = {
    "process_creation": "Process:Create",
    "process_termination": "Process:Terminate",
    "process_access": "Process:Access",
    "create_remote_thread": "Thread:Remote_Create",
    "file_event": "File:Create",
    "file_change": "File:Timestomp",
    "file_delete": "File:Delete",
    "image_load": "Module:Load",
    "driver_load": "Driver:Load",
    "network_connection": "Flow:Start",
    "registry_add": "Registry:Add",
    "registry_delete": "Registry:Remove",
    "registry_set": "Registry:Value_Edit",
    "registry_rename": "Registry:Key_Edit",
    "registry_event": (
        "Registry:Add or Registry:Remove or Registry:Value_Edit or Registry:Key_Edit"
    ),
}
UNLISTED = {"process_access"}
"""Actions that the data model covers by Sysmon 13, and that no mapping lists."""


def parts(category: str) -> list[tuple[str, str]]:
    """Return object and action of what a category's queries search."""
    searched = CAR.recordings[category].source.table.split(" or ")
    return [(name, action.lower()) for name, action in (one.split(":") for one in searched)]


def test_the_log_sources_are_those_that_a_sensor_maps_to_an_object() -> None:
    assert {name: one.source.table for name, one in CAR.recordings.items()} == OBJECTS
    assert set(PROJECTIONS["car"].categories) == set(OBJECTS)


@pytest.mark.parametrize("category", [name for name in OBJECTS if name in MANIFEST])
def test_every_field_of_an_event_has_a_column_or_a_reason(category: str) -> None:
    entries = CAR.recordings[category].entries
    for field in [*COMMON.split(), *MANIFEST[category].split()]:
        assert bool(entries[field].columns) != bool(entries[field].reason), field


@pytest.mark.parametrize("category", OBJECTS)
def test_every_object_and_action_is_of_the_data_model(category: str) -> None:
    found = facts("car_model.json")
    for name, action in parts(category):
        assert action in found["data_model"][name]["actions"]
        mapped = [
            one
            for one in found["sensor_sysmon"]["sysmon_13.yaml"]
            if (one["object"], one["action"]) == (name.lower(), action)
        ]
        covered = found["data_model"][name]["coverage_map"].get(action, {})
        assert mapped or (category in UNLISTED and covered) or (name, action) in COVERED


COVERED = {("Module", "load")}
"""Sensor mappings of Sysmon 10.4 and 11 list it, and that of Sysmon 13 by its fields."""


def is_number(example: Any) -> bool:
    is_integer = isinstance(example, int) and not isinstance(example, bool)
    return is_integer or (isinstance(example, str) and example.isdecimal())


WITHOUT_NUMBER = {"dest_port", "target_pid"}
"""Numbers by their meaning: the example of one is an address, of the other missing."""


@pytest.mark.parametrize("category", OBJECTS)
def test_every_column_is_a_field_of_the_object_with_its_type(category: str) -> None:
    recording = CAR.recordings[category]
    model = facts("car_model.json")["data_model"]
    for name, _ in parts(category):
        fields = model[name]["fields"]
        assert recording.columns <= fields.keys()
        for column in columns_of(recording).values():
            looks_so = is_number(fields[column.name]["example"]) or column.name in WITHOUT_NUMBER
            assert column.type == ("number" if looks_so else "string"), column


@pytest.mark.parametrize("category", OBJECTS)
def test_a_field_that_no_sensor_maps_says_so(category: str) -> None:
    found = facts("car_model.json")
    listed = set()
    for name, action in parts(category):
        for mapping in found["sensor_sysmon"].values():
            for one in mapping:
                if (one["object"], one["action"]) == (name.lower(), action):
                    listed |= set(one["fields"])
        listed |= set(found["data_model"][name]["coverage_map"].get(action, {}))
    derived = {"exe", "parent_exe"}  # base names of what is listed, by their description
    renamed = {"protocol": "transport_protocol", "src_fdqn": "src_fqdn"}
    listed |= {renamed.get(name, name) for name in listed} | derived
    if category == "process_creation":
        listed |= {"guid", "sid"}
    for field, entry in CAR.recordings[category].entries.items():
        for column in entry.columns.values():
            assert column.name in listed or entry.confidence != "high", (field, column.name)


EXACT = [
    (
        "registry_set",
        r"{TargetObject|contains: '\CurrentVersion\Run\', Details|startswith: 'C:\Temp'}",
        "Registry:Value_Edit",
        (
            r'(key == "*\CurrentVersion\Run" or key == "*\CurrentVersion\Run\*") '
            r'and new_content == "C:\Temp*"'
        ),
    ),
    (
        "registry_set",
        r"{TargetObject|endswith: '\Lsa\RunAsPPL', Details: 'DWORD (0x00000000)'}",
        "Registry:Value_Edit",
        r'key == "*\Lsa" and value == "RunAsPPL" and new_content == "DWORD (0x00000000)"',
    ),
    (
        "registry_delete",
        r"{TargetObject|endswith: '\SD'}",
        "Registry:Remove",
        r'value == "SD" or (key == "*\SD" and value == null)',
    ),
    (
        "file_event",
        r"{TargetFilename|endswith: '\ntds.dit', Image|endswith: '\ntdsutil.exe'}",
        "File:Create",
        r'file_path == "*\ntds.dit" and image_path == "*\ntdsutil.exe"',
    ),
    (
        "image_load",
        r"{ImageLoaded|endswith: '\vsstrace.dll', SignatureStatus: Valid}",
        "Module:Load",
        'module_name == "vsstrace.dll" and signature_valid == "true"',
    ),
    (
        "driver_load",
        r"{ImageLoaded|contains: '\Temp\'}",
        "Driver:Load",
        r'image_path == "*\Temp\*"',
    ),
    (
        "network_connection",
        r"{Image|endswith: '\a.exe', DestinationPort: 443, DestinationHostname|endswith: .ngrok.io}",
        "Flow:Start",
        'exe == "a.exe" and dest_port == 443 and dest_fqdn == "*.ngrok.io"',
    ),
    (
        "network_connection",
        "{DestinationIp|cidr: 192.168.0.0/16}",
        "Flow:Start",
        'dest_ip == "192.168.*"',
    ),
    (
        "process_access",
        r"{TargetImage|endswith: '\lsass.exe', GrantedAccess: '0x1410'}",
        "Process:Access",
        r'target_name == "*\lsass.exe" and access_level == 5136',
    ),
    (
        "create_remote_thread",
        "{StartFunction: LoadLibraryA}",
        "Thread:Remote_Create",
        'start_function == "LoadLibraryA"',
    ),
    (
        "process_termination",
        r"{Image|endswith: '\a.exe'}",
        "Process:Terminate",
        'exe == "a.exe"',
    ),
]


@pytest.mark.parametrize(("source", "selection", "table", "condition"), EXACT)
def test_a_rule_becomes_this_query(source: str, selection: str, table: str, condition: str) -> None:
    first, second, last = query("car", source, selection).splitlines()
    assert first.endswith(f"= search {table}")
    assert second.endswith(f"where ({condition})")
    assert last.startswith("output ")


SIDED = [
    ("network_connection", "{DestinationPort: 1, Initiated: 'true'}", "broader", "SG204"),
    ("create_remote_thread", "{SourceImage: a, StartModule: b}", "broader", "SG204"),
    ("process_access", "{TargetImage: a, GrantedAccess|endswith: '10'}", "broader", "SG205"),
    ("image_load", "{ImageLoaded: a, Signed: 'false'}", "broader", "SG204"),
    ("image_load", "{ImageLoaded: a, SignatureStatus: Expired}", "broader", "SG205"),
    ("registry_event", "{TargetObject: a, NewName: b}", "broader", "SG205"),
    ("registry_event", "{TargetObject: a, EventType: SetValue}", "broader", "SG204"),
    ("file_change", "{TargetFilename: a, CreationUtcTime|startswith: '2014'}", "broader", "SG204"),
]


@pytest.mark.parametrize(("source", "selection", "fidelity", "code"), SIDED)
def test_what_the_data_model_keeps_less_of_is_noted(
    source: str, selection: str, fidelity: str, code: str
) -> None:
    result = compiled("car", source, selection)
    assert (str(result.fidelity), [one.code for one in result.notes]) == (fidelity, [code])


@pytest.mark.parametrize(
    "source",
    ["dns_query", "pipe_created", "wmi_event", "ps_script", "ps_module", "file_access"]
    + ["create_stream_hash", "service:security", "service:system", "service:application"],
)
def test_an_event_without_an_object_is_not_recorded(source: str) -> None:
    result = compiled("car", source, "{EventID: 1}")
    assert [one.code for one in result.diagnostics] == ["SG201"]


def test_a_mapping_that_rests_on_an_example_is_told_with_the_query() -> None:
    access = compiled("car", "process_access", "{GrantedAccess: '0x10'}")
    assert any("the data model's example is a decimal number" in one for one in access.assumes)
    registry = compiled("car", "registry_set", r"{TargetObject|endswith: '\a'}")
    assert any("at its last backslash" in one for one in registry.assumes)


@pytest.mark.corpus
def test_every_field_that_the_corpus_uses_has_an_entry() -> None:
    assert unknown_fields("car") == set()


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason() -> None:
    codes: Counter[str] = Counter()
    recorded = 0
    for rule in windows_rules():
        result = compile_rule(rule, rule.condition, TARGETS["car"], Options())
        codes.update(one.code for one in result.diagnostics)
        is_recorded = recording_of(CAR, rule.info.logsource) is not None
        recorded += is_recorded
        assert result.ok or result.diagnostics
        assert is_recorded == ("SG201" not in {one.code for one in result.diagnostics})
    assert set(codes) <= {"SG133", "SG201", "SG202"}
    assert recorded > 1300
    assert codes["SG202"] <= 0.015 * recorded
