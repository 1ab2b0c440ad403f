"""Events of each log source: the fields that its sensor writes, and which of them go together."""

from __future__ import annotations

import pytest
from verify_helpers import document

from sigmaglot.compiler import read_rule
from sigmaglot.evaluate import Event, evaluate
from sigmaglot.frontend import Rule
from sigmaglot.logsource import CATEGORIES, SERVICES, logsource_test
from sigmaglot.rule import LogSource
from sigmaglot.verify.witnesses import Witnesses, make_witnesses
from sigmaglot.verify.witnesses.events import (
    fields_of,
    form_of,
    is_known,
    usual_event,
)
from sigmaglot.verify.witnesses.following import settled

KEYS = [*CATEGORIES, *(f"service:{name}" for name in SERVICES)]


def source_of(key: str) -> LogSource:
    service = key.removeprefix("service:")
    if service != key:
        return LogSource("", "windows", service)
    return LogSource(key, "windows")


@pytest.mark.parametrize("key", KEYS)
def test_the_usual_event_is_of_its_log_source_and_in_form(key: str) -> None:
    assert is_known(key)
    values = usual_event(key)
    test = logsource_test(source_of(key))
    assert test is not None
    assert test(Event(values))
    assert all(form_of(key, field).accepts(value) for field, value in values.items())


def told(category: str, selection: str, condition: str = "selection") -> Witnesses:
    doc = document(selection, condition)
    doc.data["logsource"] = {"category": category, "product": "windows"}
    found = read_rule(doc, (), {})
    assert isinstance(found, Rule)
    return make_witnesses(found.condition, category)


def value(category: str, field: str, selection: str) -> object:
    found = told(category, f"  selection: {selection}")
    return next(one.values.get(field) for one in found.events if one.name == "the leaf holds")


@pytest.mark.parametrize(
    ("category", "field", "selection", "expected"),
    [
        (
            "registry_set",
            "TargetObject",
            r"{TargetObject|endswith: '\Run\x'}",
            "HKLM\\SOFTWARE\\Run\\x",
        ),
        ("registry_set", "Details", "{Details: DWORD (0x00000001)}", "DWORD (0x00000001)"),
        ("registry_set", "Details", "{Details|startswith: DWORD}", "DWORD (0x00000001)"),
        ("pipe_created", "PipeName", r"{PipeName|startswith: '\evil'}", "\\evil"),
        ("process_access", "GrantedAccess", "{GrantedAccess|endswith: '10'}", "0x110"),
        ("network_connection", "Initiated", "{Initiated: 'FALSE'}", "false"),
        ("network_connection", "DestinationIp", "{DestinationIp: '0:0:0:0:0:0:0:1'}", "0:0:0:0:0:0:0:1"),
        (
            "create_stream_hash",
            "TargetFilename",
            "{TargetFilename|endswith: ':Zone.Identifier'}",
            "C:\\Example\\example:Zone.Identifier",
        ),
        ("image_load", "ImageLoaded", r"{ImageLoaded|endswith: '\x.dll'}", "C:\\Example\\x.dll"),
        ("file_change", "CreationUtcTime", "{CreationUtcTime|startswith: '2020'}", "2020-01-15 10:20:30.456"),
    ],
)  # fmt: skip
def test_values_are_in_the_form_of_the_event(
    category: str, field: str, selection: str, expected: str
) -> None:
    assert value(category, field, selection) == expected


def test_a_number_that_is_stored_as_a_text_and_as_a_dword_is_tried_both_ways() -> None:
    found = told("registry_set", "  selection: {Details: '1'}")
    assert "DWORD (0x00000001)" in [one.values.get("Details") for one in found.events]


@pytest.mark.parametrize("category", ["registry_add", "registry_set", "file_event", "dns_query"])
def test_a_field_of_another_sysmon_event_is_not_there(category: str) -> None:
    found = told(category, "  selection: {ParentCommandLine|contains: x}")
    assert found.untold


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"EventType": "SetValue"}, {"EventID": "13", "Details": "x"}),
        ({"EventType": "DeleteKey"}, {"EventID": "12", "Details": None}),
        ({"EventType": "RenameKey"}, {"EventID": "14", "Details": None, "NewName": "y"}),
        ({"EventType": "SetValue", "EventID": "12"}, {"EventType": "CreateKey"}),
    ],
)
def test_a_registry_event_has_the_fields_of_its_type(
    given: dict[str, str], expected: dict[str, object]
) -> None:
    found = settled("registry_event", {"Details": "x", "NewName": "y", **given})
    assert {key: found.get(key) for key in expected} == expected


def test_an_address_decides_whether_it_is_of_version_6() -> None:
    found = settled("network_connection", {"SourceIp": "fe80::1", "DestinationIp": "10.0.0.1"})
    assert (found["SourceIsIpv6"], found["DestinationIsIpv6"]) == ("true", "false")


@pytest.mark.parametrize(
    ("event_id", "kind", "field"),
    [("19", "WmiFilterEvent", "Query"), ("20", "WmiConsumerEvent", "Destination"), ("21", "WmiBindingEvent", "Filter")],
)  # fmt: skip
def test_a_wmi_event_has_the_fields_of_its_type(event_id: str, kind: str, field: str) -> None:
    found = settled("wmi_event", {**usual_event("wmi_event"), "EventType": kind, field: "x"})
    assert (found["EventID"], found[field]) == (event_id, "x")


def test_what_is_unwanted_gives_way_to_another_of_a_few_values() -> None:
    found = told(
        "image_load",
        "  selection: {ImageLoaded|endswith: x}\n  filter: {Signed: 'false'}",
        "selection and not filter",
    )
    signed = {one.values["Signed"] for one in found.events if one.name == "the leaf holds"}
    assert signed == {"true", "false"}


def test_a_service_has_free_fields_and_its_channel() -> None:
    assert set(fields_of("service:security")) >= {"Channel", "EventID"}
    assert form_of("service:security", "ObjectName").accepts("anything")
    assert usual_event("service:security")["Channel"] == "Security"


def test_the_verdict_hangs_on_the_event_id_of_a_service() -> None:
    doc = document("  selection: {EventID: 4697, ServiceName: x}")
    doc.data["logsource"] = {"service": "security", "product": "windows"}
    found = read_rule(doc, (), {})
    assert isinstance(found, Rule)
    verdicts = {
        evaluate(found.condition, one.values)
        for one in make_witnesses(found.condition, "service:security").events
    }
    assert verdicts == {True, False}
