"""Events beside a rule: a value in another field, and the same values in another kind of event."""

from __future__ import annotations

import pytest
import yaml
from verify_helpers import rule, selection

from sigmaglot.compiler import read_rule
from sigmaglot.evaluate import evaluate
from sigmaglot.frontend import Rule
from sigmaglot.source import Document
from sigmaglot.targets import find_targets
from sigmaglot.verify.engines.registry import make_engine
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.projection.common import TABLE, is_stored_in
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Status, Verdict
from sigmaglot.verify.witnesses import Witness, make_witnesses
from sigmaglot.verify.witnesses.neighbours import stranger_of


def events(*lines: str) -> tuple[Witness, ...]:
    return make_witnesses(rule(*lines).condition, "process_creation").events


def test_a_path_is_also_tried_as_that_of_the_other_process() -> None:
    found = {one.name: one.values for one in events(r"Image|endswith: '\cmd.exe'")}
    swapped = found["its value exchanged with that of ParentImage"]
    assert swapped["Image"] == "C:\\Example\\starter.exe"
    assert swapped["ParentImage"] == "C:\\Example\\cmd.exe"


def test_a_value_is_exchanged_only_with_a_field_that_is_written_alike() -> None:
    names = [one.name for one in events(r"Image|endswith: '\cmd.exe'")]
    assert "its value exchanged with that of CommandLine" not in names


def test_other_events_that_say_what_the_rule_asks_for_are_no_finds_of_it() -> None:
    strangers = [one for one in events(r"Image|endswith: '\cmd.exe'") if one.category]
    kinds = {one.category for one in strangers}
    assert {"process_termination", "file_event", "dns_query"} <= kinds
    assert "process_creation" not in kinds
    assert "driver_load" not in kinds  # it has no Image
    assert {"service:application", "service:system"} <= kinds
    for one in strangers:
        assert str(one.values["Image"]).endswith("\\cmd.exe")
        is_service = one.category.startswith("service:")
        assert ("CommandLine" in one.values) is is_service  # a service's events have any field
        assert (one.values.get("EventID") == "1") is is_service  # and the ids of another's


def test_of_a_service_the_same_event_id_in_another_channel_is_no_find() -> None:
    text = (
        "title: A rule\nlogsource: {service: security, product: windows}\n"
        "detection: {selection: {EventID: 4720}, condition: selection}\n"
    )
    found = read_rule(Document("rule.yml", 0, yaml.safe_load(text), text), (), {})
    assert isinstance(found, Rule)
    strangers = [
        one for one in make_witnesses(found.condition, "service:security").events if one.category
    ]
    assert {one.values["Channel"] for one in strangers} == {"Application", "System"}
    assert all(evaluate(found.condition, one.values) for one in strangers)


def test_the_same_deletion_under_another_event_id_is_no_other_event() -> None:
    text = "detection: {selection: {Image: 'C:\\x.exe'}, condition: selection}"
    header = "title: A rule\nlogsource: {category: file_delete, product: windows}\n"
    found = read_rule(Document("rule.yml", 0, yaml.safe_load(header + text), text), (), {})
    assert isinstance(found, Rule)
    kinds = {one.category for one in make_witnesses(found.condition, "file_delete").events}
    assert "file_event" in kinds
    assert "file_delete_detected" not in kinds


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Image": "C:\\x.exe"}, ""),  # it does not say what it is
        ({"Channel": "Security", "EventID": "4688"}, ""),
        ({"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "1"}, ""),
        (
            {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "5"},
            "process_termination",
        ),
    ],
)
def test_an_event_that_says_what_it_is_counts_as_that(
    values: dict[str, str], expected: str
) -> None:
    assert stranger_of(values, "process_creation") == expected


def given_event(values: dict[str, str], target: str, *engines: str) -> Verdict:
    asked = Request(find_targets((target,)), engines, given=(values,))
    verdict, *_ = Verifier(asked).verify([selection(r"Image|endswith: '\cmd.exe'")])
    return verdict


TERMINATED = {
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "EventID": "5",
    "Image": "C:\\Windows\\cmd.exe",
}


@pytest.mark.parametrize("target", ["splunk", "kibana", "logpoint-sysmon", "dnif-dql", "car"])
def test_no_query_finds_an_event_of_another_kind(target: str) -> None:
    verdict = given_event(TERMINATED, target)
    assert verdict.status is Status.KEPT
    assert verdict.made is not None
    assert (verdict.made.events, verdict.made.meant) == (1, 0)


def test_a_converter_that_forgets_the_event_is_found_out() -> None:
    """pySigma's Splunk backend without a pipeline says nothing of the source or the event."""
    verdict = given_event(TERMINATED, "pysigma:splunk")
    assert verdict.status is Status.BROKEN
    assert verdict.counterexample is not None
    assert verdict.counterexample.kind == "extra"
    assert verdict.counterexample.event == TERMINATED  # whole: less would not say what it is


def test_records_of_schemas_with_tables_say_where_they_are() -> None:
    event = {"Image": "C:\\x.exe", "EventType": "DeleteKey", "TargetObject": "HKLM\\a"}
    tables = {
        (schema, category): PROJECTIONS[schema].of(category)
        for schema, category in (
            ("defender_xdr", "process_creation"),
            ("defender_xdr", "image_load"),
            ("dnif_dql", "file_delete"),
            ("car", "registry_event"),
        )
    }
    found = [project(event)[TABLE] for project in tables.values() if project]
    assert found == ["DeviceProcessEvents", "DeviceImageLoadEvents", "ep-file", "Registry:Remove"]


def test_a_record_that_names_no_table_is_in_any() -> None:
    assert is_stored_in({}, ["DeviceEvents"])
    assert is_stored_in({TABLE: "DeviceEvents"}, ["deviceevents"])
    assert not is_stored_in({TABLE: "DeviceEvents"}, ["DeviceFileEvents"])


@pytest.mark.parametrize("engine", ["kusto-model", "kusto-duckdb"])
def test_a_query_of_the_wrong_table_finds_nothing(engine: str) -> None:
    records = [
        {TABLE: "DeviceProcessEvents", "DeviceName": "pc"},
        {TABLE: "DeviceEvents", "DeviceName": "pc"},
    ]
    found = make_engine(engine).load(records).find('DeviceEvents\n| where DeviceName =~ "PC"')
    assert found == frozenset({1})


def test_a_registry_event_without_a_type_does_not_say_where_it_is() -> None:
    project = PROJECTIONS["car"].of("registry_event")
    assert project is not None
    assert TABLE not in project({"TargetObject": "HKLM\\a"})
