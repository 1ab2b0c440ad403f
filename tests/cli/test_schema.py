"""``--schema``: a schema of the user's own, and one that extends a built-in pipeline."""

import json

import pytest
import yaml
from cli_helpers import run
from jsonschema import Draft202012Validator

from sigmaglot.pipelines import pipeline_names
from sigmaglot.pipelines.load import built_in
from sigmaglot.pipelines.user import json_schema, merged

RULE = """\
title: Working directory
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3
logsource: {category: process_creation, product: windows}
detection: {selection: {CommandLine|contains: wmic, Custom: x}, condition: selection}
"""
EXTENSION = """\
extends: splunk_sysmon
recordings:
  process_creation:
    selectors: [{column: index, values: sysmon}]
    columns: {index: string, cmd: string}
    fields: {CommandLine: cmd}
"""
OWN = """\
name: mine
title: My schema
product: windows
recordings:
  process_creation:
    table: Events
    columns: {Line: string, Extra: string}
    fields: {CommandLine: Line, Custom: Extra}
"""


@pytest.fixture
def files(tmp_path):
    for name, text in (("rule", RULE), ("extension", EXTENSION), ("own", OWN)):
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    return tmp_path


def convert(files, *args):
    return run("convert", files / "rule.yml", *args)


def test_an_extension_takes_the_place_of_what_it_extends(files):
    done = convert(files, "-t", "splunk", "--schema", files / "extension.yml")
    assert done.stdout == 'index="sysmon" cmd="*wmic*" Custom="x"\n'


def test_other_targets_are_left_alone(files):
    plain, extended = (
        convert(files, "-t", "logpoint", *args).stdout
        for args in ((), ("--schema", files / "extension.yml"))
    )
    assert plain == extended


def test_a_schema_of_its_own_is_a_pipeline_by_its_name(files):
    done = convert(files, "-t", "mine/kusto", "--schema", files / "own.yml")
    assert done.stdout == 'Events\n| where Line contains "wmic"\n| where Extra =~ "x"\n'


def test_a_schema_reaches_the_processes_of_a_run(files):
    for number in range(40):
        text = RULE.replace("8b2a", f"80{number:02}")
        (files / f"rule{number}.yml").write_text(text, encoding="utf-8")
    rules = sorted(files.glob("rule*.yml"))
    one, two = (
        run("convert", *rules, "-t", "mine/kusto", "--schema", files / "own.yml", "-j", jobs).stdout
        for jobs in (1, 2)
    )
    assert one == two
    assert one.count("Events") == 41


@pytest.mark.parametrize("command", [["explain"], ["coverage", "-f", "json"], ["verify"]])
def test_every_command_that_compiles_takes_it(files, command):
    done = run(
        command[0],
        files / "rule.yml",
        "-t",
        "splunk",
        "--schema",
        files / "extension.yml",
        *command[1:],
    )
    assert "SG" not in done.stderr
    assert done.exit_code == 0


def test_what_is_verified_of_a_changed_schema_is_said_not_to_be_known(files):
    done = run(
        "verify",
        files / "rule.yml",
        "-t",
        "splunk",
        "--schema",
        files / "extension.yml",
        "-f",
        "json",
    )
    (record,) = json.loads(done.stdout)
    assert record["status"] == "not run"
    assert "is not modelled" in record["reason"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "not valid YAML"),
        ("- x", "the file: ['x'] is not of type 'object'"),
        ("title: t\n", "the file: 'product' is a required property"),
        (
            "extends: splunk_sysmon\nrecordings: {process_creation: {tabel: x}}",
            "'tabel' was unexpected",
        ),
        ("extends: nowhere\n", "no pipeline is called `nowhere`"),
        (
            "extends: splunk_sysmon\nrecordings: {process_creation: {fields: {Image: nocolumn}}}",
            "the column `nocolumn` is used but not declared",
        ),
    ],
)
def test_a_faulty_schema_says_what_is_wrong(files, text, reason):
    path = files / "faulty.yml"
    path.write_text(text, encoding="utf-8")
    done = convert(files, "-t", "splunk", "--schema", path)
    assert done.exit_code == 3
    assert reason in done.stderr


def test_a_schema_that_is_not_there_is_a_configuration_error(files):
    done = convert(files, "-t", "splunk", "--schema", files / "nothing.yml")
    assert done.exit_code == 3
    assert "nothing.yml: cannot be read: no such file or directory" in done.stderr


@pytest.mark.parametrize("name", pipeline_names())
def test_the_built_in_pipelines_are_of_the_format_that_is_shipped(name):
    Draft202012Validator.check_schema(json_schema())
    errors = [
        error.message for error in Draft202012Validator(json_schema()).iter_errors(built_in(name))
    ]
    assert errors == []


def test_maps_are_joined_lists_replaced_and_null_removes():
    base = yaml.safe_load("{a: {b: 1, c: 2}, d: [1, 2], e: 3}")
    assert merged(base, {"a": {"b": 5, "c": None}, "d": [9]}) == {"a": {"b": 5}, "d": [9], "e": 3}
