"""The pipelines hold what the schemas have, and a faulty one says what is wrong with it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from sigmaglot import ir
from sigmaglot.errors import ConfigurationError
from sigmaglot.ir import Shape
from sigmaglot.language import Selector
from sigmaglot.pipelines import Recording, bind, load_pipeline, parse_pipeline, pipeline_names
from sigmaglot.pipelines.extend import extended

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
PIPELINES = (
    "car defender_xdr dnif dnif_dql elastic_ecs elastic_security logpoint logpoint_security "
    "logpoint_sysmon sentinel splunk_cim splunk_security splunk_sysmon"
).split()
TAXONOMY = (
    "UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company CommandLine "
    "CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel imphash md5 sha1 sha256 "
    "ParentProcessGuid ParentProcessId ParentImage ParentCommandLine"
).split()
ALSO_USED = (
    "OriginalFileName Hashes Imphash ParentUser GrandParentImage Provider_Name RuleName EventID Channel "
    "Computer NewProcessName ParentProcessName NewProcessId SubjectUserName SubjectDomainName "
    "SubjectUserSid SubjectLogonId MandatoryLabel TokenElevationType"
).split()


def facts(name: str) -> Any:
    path = SCHEMAS / name
    if not path.is_file():
        pytest.skip("the schema facts are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def recording(name: str) -> Recording:
    return load_pipeline(name).recordings["process_creation"]


def declared(name: str) -> dict[str, ir.Column]:
    """Return the columns that the fields of a pipeline use, by name."""
    entries = recording(name).entries.values()
    return {column.name: column for entry in entries for column in entry.columns.values()}


def test_the_pipelines_are_these() -> None:
    assert list(pipeline_names()) == PIPELINES


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_records_process_creations_on_windows(name: str) -> None:
    pipeline = load_pipeline(name)
    assert pipeline.name == name
    assert pipeline.title
    assert pipeline.product == "windows"
    assert recording(name).source.projection


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("field", [*TAXONOMY, *ALSO_USED])
def test_every_field_of_the_taxonomy_has_an_entry(name: str, field: str) -> None:
    entry = recording(name).entries[field]
    assert bool(entry.columns) != bool(entry.reason)


LEAVES = (
    lambda field: ir.StringMatch(field, ir.pattern(Shape.EQUALS, "a")),
    lambda field: ir.StringMatch(field, ir.pattern(Shape.ENDSWITH, "\\a.exe")),
    lambda field: ir.StringMatch(field, ir.pattern(Shape.CONTAINS, "MD5=ab")),
    lambda field: ir.StringMatch(field, ir.pattern(Shape.EQUALS, "5")),
    lambda field: ir.StringMatch(field, ()),
    lambda field: ir.RegexMatch(field, "ab"),
    lambda field: ir.Compare(field, ir.Op.GT, 5),
    lambda field: ir.FieldMatch(field, field),
    lambda field: ir.Exists(field),
    lambda field: ir.IsNull(field),
    lambda field: ir.IsEmpty(field),
)


@pytest.mark.parametrize("name", PIPELINES)
def test_every_field_binds_to_declared_columns(name: str) -> None:
    known = recording(name)
    for field in known.entries:
        for make in LEAVES:
            bound = bind(make(field), known)
            over = bound.upper.node if isinstance(bound, ir.Approx) else bound
            for leaf in ir.leaves(over):
                assert ir.field_name(leaf) in known.columns, (field, leaf)


@pytest.mark.parametrize("name", PIPELINES)
def test_what_is_known_of_columns_is_consistent(name: str) -> None:
    known = recording(name)
    for column in declared(name).values():
        assert column.type
        assert not column.text or column.text in known.columns
        assert not column.base or column.base in known.columns
        assert not column.canonical
    for entry in known.entries.values():
        confident = entry.confidence == "high"
        assert all(bool(column.caveat) != confident for column in entry.columns.values()), entry
    for assumption in load_pipeline(name).assumes:
        assert assumption.columns <= known.columns


SYSMON = "Microsoft-Windows-Sysmon/Operational"
SELECTORS = {
    "car": [],
    "defender_xdr": [("ActionType", "ProcessCreated")],
    "dnif": [("$LogName", "WINDOWS-SYSMON"), ("$EventID", "1")],
    "dnif_dql": [("action", "PROCESS_ADDED")],
    "elastic_ecs": [("winlog.channel", SYSMON), ("event.code", "1")],
    "elastic_security": [("winlog.channel", "Security"), ("event.code", "4688")],
    "logpoint": [("label", "Process"), ("label", "Create")],
    "logpoint_security": [("norm_id", "WinServer"), ("event_id", "4688")],
    "logpoint_sysmon": [("norm_id", "WindowsSysmon"), ("event_id", "1")],
    "sentinel": [("ActionType", "ProcessCreated")],
    "splunk_cim": [],
    "splunk_security": [
        ("source", "XmlWinEventLog:Security", "WinEventLog:Security"),
        ("EventCode", "4688"),
    ],
    "splunk_sysmon": [
        ("source", f"XmlWinEventLog:{SYSMON}", f"WinEventLog:{SYSMON}"),
        ("EventCode", "1"),
    ],
}
TABLES = {
    "car": "Process:Create",
    "defender_xdr": "DeviceProcessEvents",
    "dnif_dql": "ep-process",
    "sentinel": "DeviceProcessEvents",
    "splunk_cim": "Endpoint.Processes",
}


@pytest.mark.parametrize("name", PIPELINES)
def test_process_creations_are_selected_so(name: str) -> None:
    source = recording(name).source
    assert source.selectors == tuple(
        Selector(column, tuple(rest)) for column, *rest in SELECTORS[name]
    )
    assert source.table == TABLES.get(name, "")


def test_the_selector_of_defender_is_a_known_action_type() -> None:
    found = facts("defender_tables.json")["category_map"]["process_creation"]
    source = recording("defender_xdr").source
    assert source.table == found["table"]
    assert list(source.selectors[0].values) == found["action_types"]


def test_the_selector_of_sysmon_in_elastic_is_the_channel_of_event_1() -> None:
    found = facts("ecs_sysmon.json")["event_ids"]["1"]
    assert found["sigma_category"] == "process_creation"
    assert recording("elastic_ecs").source.selectors[0].values == (found["winlog.channel"],)


def test_the_columns_of_defender_are_those_of_its_table() -> None:
    table = facts("defender_tables.json")["tables"]["DeviceProcessEvents"]["columns"]
    assert recording("defender_xdr").columns == table.keys()
    for name, column in declared("defender_xdr").items():
        assert column.type == table[name]["type"], name


@pytest.mark.parametrize("name", ["elastic_ecs", "elastic_security"])
def test_the_columns_of_elastic_have_the_types_of_ecs(name: str) -> None:
    types = facts("ecs_sysmon.json")["field_types"]
    listed = {column: one for column, one in declared(name).items() if column in types}
    assert len(listed) > 5
    for column, one in listed.items():
        assert one.type == types[column]["type"], column
        has_text = "match_only_text" in types[column]["multi_fields"].values()
        assert one.text == (f"{column}.text" if has_text else ""), column


DATA: dict[str, Any] = {
    "title": "Test",
    "product": "windows",
    "assumes": ["all is well", {"text": "Name is whole", "columns": ["Name", "Path.text"]}],
    "recordings": {
        "process_creation": {
            "table": "T",
            "selectors": [{"column": "Id", "values": [1, 2]}, {"column": "Name", "values": "x"}],
            "time": "When",
            "projection": ["Name"],
            "identity": ["Id"],
            "keyword": ["Name"],
            "default": {"prefix": "data.", "type": "string"},
            "columns": {
                "Name": "string",
                "Id": "long",
                "When": "datetime",
                "Path": {"type": "keyword", "text": "Path.text", "base": "Name"},
            },
            "fields": {
                "A": "Name",
                "B": {"rewrite": "integer", "column": "Id", "confidence": "low"},
                "C": {"none": "nobody records it", "confidence": "medium"},
                "D": {"rewrite": "path", "column": {"column": "Path", "name": "Name"}},
                "E": {
                    "column": "Name",
                    "values": {"x": ["y", "z"]},
                    "confidence": "medium",
                    "note": "a guess",
                },
            },
        }
    },
}


def test_a_pipeline_is_read_whole() -> None:
    pipeline = parse_pipeline("test", DATA)
    known = pipeline.recordings["process_creation"]
    assert known.source.selectors == (Selector("Id", ("1", "2")), Selector("Name", ("x",)))
    assert (known.source.table, known.source.time) == ("T", "When")
    assert (known.source.projection, known.source.identity) == (("Name",), ("Id",))
    assert known.columns == {"Name", "Id", "When", "Path", "Path.text"}
    assert known.keyword == (ir.Column("Name"),)
    assert known.default == ir.Column("data.", "string")
    low = "that `B` is stored so is of low confidence"
    assert known.entries["B"].column == ir.Column("Id", "long", caveat=low)
    assert known.entries["C"].reason == "nobody records it"
    assert known.entries["D"].columns["column"] == ir.Column("Path", "keyword", "Path.text", "Name")
    assert known.entries["E"].values == {"x": ("y", "z")}
    assert (
        known.entries["E"].column.caveat == "that `E` is stored so is of medium confidence: a guess"
    )
    assert [one.columns for one in pipeline.assumes] == [frozenset(), {"Name", "Path.text"}]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "fields.A",
            {"column": "Name", "colour": 1, "age": 2},
            "the field `A` has unknown keys: age, colour",
        ),
        (
            "fields.A",
            {"rewrite": "magic", "column": "Name"},
            "the field `A` names the rewrite `magic`, which is not there",
        ),
        (
            "fields.A",
            {"column": "Name", "confidence": "sure"},
            "the field `A` has the confidence `sure`",
        ),
        ("fields.A", "Nme", "the column `Nme` is used but not declared"),
        ("fields.D.column.name", "Nme", "the column `Nme` is used but not declared"),
        ("projection", ["Nme"], "the column `Nme` is used but not declared"),
        ("identity", ["Nme"], "the column `Nme` is used but not declared"),
        ("time", "Nme", "the column `Nme` is used but not declared"),
        ("keyword", ["Nme"], "the column `Nme` is used but not declared"),
        (
            "selectors",
            [{"column": "Nme", "values": "x"}],
            "the column `Nme` is used but not declared",
        ),
        (
            "/assumes",
            [{"text": "x", "columns": ["Nme"]}],
            "the column `Nme` is used but not declared",
        ),
    ],
)
def test_a_faulty_pipeline_is_refused_by_name(path: str, value: Any, message: str) -> None:
    data = copy.deepcopy(DATA)
    place = data if path.startswith("/") else data["recordings"]["process_creation"]
    *above, last = path.strip("/").split(".")
    for step in above:
        place = place[step]
    place[last] = value
    with pytest.raises(ConfigurationError) as caught:
        parse_pipeline("mine", data)
    assert str(caught.value) == f"pipeline `mine`: {message}"


def test_a_column_stands_for_itself_in_its_expression() -> None:
    data = copy.deepcopy(DATA)
    spec = {"type": "string", "expression": "trim({column}, {column})"}
    data["recordings"]["process_creation"]["columns"]["Clean"] = spec
    source = parse_pipeline("test", data).recordings["process_creation"].source
    assert source.computed == (("Clean", "trim(Clean, Clean)"),)


RENAMES = {"Name": {"name": "Called"}, "Path": {"type": "text"}, "When": {"name": "At"}}


def test_an_extension_renames_columns_of_its_base_wherever_they_stand() -> None:
    found = parse_pipeline("test", extended(DATA, {"base_columns": RENAMES}))
    known = found.recordings["process_creation"]
    assert known.columns == {"Called", "Id", "At", "Path", "Path.text"}
    assert known.source.time == "At"
    assert known.source.projection == ("Called",)
    assert [one.column for one in known.source.selectors] == ["Id", "Called"]
    assert known.keyword == (ir.Column("Called"),)
    assert known.entries["A"].column == ir.Column("Called")
    assert known.entries["D"].columns["name"] == ir.Column("Called")
    assert known.entries["D"].column.type == "text"
    assert [one.columns for one in found.assumes] == [frozenset(), {"Called", "Path.text"}]


def test_an_extension_leaves_recordings_of_its_base_out() -> None:
    assert extended(DATA, {"without": ["process_creation"]})["recordings"] == {}


def test_an_extension_may_say_a_recording_that_it_leaves_out_anew() -> None:
    anew = {"columns": {"Other": "string"}, "fields": {"A": "Other"}}
    over = {"without": ["process_creation"], "recordings": {"process_creation": anew}}
    assert extended(DATA, over)["recordings"] == {"process_creation": anew}


def test_a_pipeline_that_is_not_there_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="no pipeline is called `nowhere`"):
        load_pipeline("nowhere")
