"""Correlations over correlations and over several log sources: texts, claims, refusals, records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sigmaglot.cli import cli
from sigmaglot.pipelines import load_pipeline
from sigmaglot.verify.readers import kusto_tabular
from sigmaglot.verify.schemas import tables_of

RULE = """\
title: {name}
name: {name}
logsource: {{category: {category}, product: windows}}
detection: {{selection: {selection}, condition: selection}}
"""
EXACT = "{Image|endswith: '\\fail.exe'}"
LOSSY = "{Image|endswith: '\\fail.exe', CurrentDirectory|contains: Temp}"
ANY = "{CommandLine|contains: x}"
GOOD = "{Image|endswith: '\\good.exe'}"
COUNT = (
    "type: event_count, rules: [failed], group-by: [Computer], timespan: 1m, condition: {gte: 3}"
)
THEN = "type: temporal_ordered, rules: [inner, good], group-by: [Computer], timespan: 5m"


def rule(name: str, selection: str, category: str = "process_creation") -> str:
    return RULE.format(name=name, selection=selection, category=category)


def correlation(name: str, section: str) -> str:
    return f"title: {name}\nname: {name}\ncorrelation: {{{section}}}\n"


def records(folder: Path, target: str, texts: list[str], *options: str) -> list[Any]:
    (folder / "rules.yml").write_text("---\n".join(texts), encoding="utf-8")
    arguments = ["convert", str(folder), "-t", target, "-f", "jsonl", *options]
    result = CliRunner().invoke(cli, arguments)
    return [json.loads(line) for line in result.stdout.splitlines()]


def nested(
    folder: Path, target: str, outer: str = THEN, inner: str = COUNT, base: str = EXACT, *more: str
) -> Any:
    """Return the record of a correlation over another one."""
    texts = [rule("failed", base), rule("good", GOOD), correlation("inner", inner)]
    *_, found = records(folder, target, [*texts, correlation("outer", outer)], *more)
    return found


KUSTO = """\
let sg1_events = materialize(
DeviceProcessEvents
| where ActionType == "ProcessCreated"
| where FileName =~ "fail.exe"
| extend sg1_rule = 1, sg_time = Timestamp, sg1_group1 = tostring(DeviceName), sg_group1 = tostring(DeviceName)
| where isnotempty(sg1_group1)
| serialize sg1_id = row_number()
);
let sg_events = materialize(
union
(sg1_events
| join kind=inner (sg1_events | project sg1_group1, sg1_past_time = sg_time, sg1_past_rule = sg1_rule) on sg1_group1
| where sg1_past_time between (sg_time - 60s .. sg_time)
| summarize sg1_measure = count(), arg_max(sg1_past_time, *) by sg1_id
| where sg1_measure >= 3
| extend sg_rule = 1),
(DeviceProcessEvents
| where ActionType == "ProcessCreated"
| where FileName =~ "good.exe"
| extend sg_rule = 2, sg_time = Timestamp, sg_group1 = tostring(DeviceName))
| where isnotempty(sg_group1)
| serialize sg_id = row_number()
);
sg_events
| join kind=inner (sg_events | where sg_rule == 1 | project sg_group1, sg_time1 = sg_time) on sg_group1
| where sg_time1 between (sg_time - 300s .. sg_time)
| join kind=inner (sg_events | where sg_rule == 2 | project sg_group1, sg_time2 = sg_time) on sg_group1
| where sg_time2 between (sg_time1 .. sg_time)
| summarize arg_max(sg_time1, *) by sg_id
| project-away sg_*, sg1_*"""
SOURCE = (
    '(source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" '
    'OR source="WinEventLog:Microsoft-Windows-Sysmon/Operational") EventCode=1'
)
SPL = rf"""| multisearch
    [ search {SOURCE} Image="*\\fail.exe" | eval sg1_in=1, sg1_group1=Computer, sg_rule=1, sg_group1=Computer ]
    [ search {SOURCE} Image="*\\good.exe" | eval sg1_in=0, sg1_group1="-", sg_rule=2, sg_group1=Computer ]
| where isnotnull(sg1_group1)
| sort 0 _time
| streamstats time_window=60s count as sg1_measure by sg1_in sg1_group1
| eventstats max(sg1_measure) as sg1_measure by _time sg1_in sg1_group1
| where sg1_in=0 OR (sg1_measure>=3)
| where isnotnull(sg_group1)
| sort 0 _time sg_rule
| eval sg_start=if(sg_rule=1, _time, null())
| streamstats max(sg_start) as sg_time1 by sg_group1
| eval sg_start=if(sg_rule=2, sg_time1, null())
| streamstats max(sg_start) as sg_time2 by sg_group1
| eventstats max(sg_time1) as sg_time1, max(sg_time2) as sg_time2 by _time sg_group1
| eval sg_measure=if(_time-sg_time2<=300, 2, 0)
| where sg_measure>=2"""


@pytest.mark.parametrize(("target", "text"), [("defender", KUSTO), ("splunk", SPL)])
def test_the_rows_of_the_inner_correlation_are_events_of_the_outer_one(
    target: str, text: str, tmp_path: Path
) -> None:
    record = nested(tmp_path, target)
    assert record["queries"] == [text]
    assert record["fidelity"] == "exact"


@pytest.mark.parametrize(
    ("outer", "inner", "base", "claim"),
    [
        (THEN, COUNT, LOSSY, "broader"),
        (THEN, COUNT.replace("gte", "lte"), LOSSY, "unsupported"),
        (THEN, COUNT.replace("gte", "lte"), EXACT, "exact"),
        (COUNT.replace("failed", "inner").replace("gte", "lt"), COUNT, LOSSY, "unsupported"),
        (COUNT.replace("failed", "inner").replace("gte", "lt"), COUNT, EXACT, "exact"),
        (COUNT.replace("failed", "inner"), COUNT, LOSSY, "broader"),
    ],
)
def test_a_direction_is_kept_only_if_every_correlation_on_the_way_keeps_it(
    outer: str, inner: str, base: str, claim: str, tmp_path: Path
) -> None:
    record = nested(tmp_path, "defender", outer, inner, base)
    assert record["fidelity"] == claim
    if claim == "unsupported":
        assert "no exact query" in record["diagnostics"][0]["message"]


@pytest.mark.parametrize("target", ["logpoint", "logpoint-sysmon", "dnif", "dnif-dql", "car"])
def test_a_language_whose_rows_are_windows_cannot_correlate_them_again(
    target: str, tmp_path: Path
) -> None:
    record = nested(tmp_path, target)
    assert record["fidelity"] == "unsupported"
    (found,) = record["diagnostics"]
    assert found["code"] == "SG307"
    assert "it is over another correlation" in found["message"]
    assert "gives windows, not events" in found["message"]


PAIR = "type: temporal, rules: [failed, good], group-by: [Computer], timespan: 1m"
PAIRS = "type: event_count, rules: [inner], timespan: 1h, condition: {gte: 2}"


@pytest.mark.parametrize(
    ("options", "claim", "code"),
    [
        ((), "broader", None),
        (("--fidelity", "broader"), "broader", None),
        (("--fidelity", "narrower"), "unsupported", "SG202"),
        (("--fidelity", "exact"), "unsupported", "SG202"),
    ],
)
@pytest.mark.parametrize("target", ["defender", "splunk"])
def test_an_event_that_two_rules_match_is_counted_twice_and_said(
    target: str, options: tuple[str, ...], claim: str, code: str | None, tmp_path: Path
) -> None:
    record = nested(tmp_path, target, PAIRS, PAIR, ANY, *options)
    assert record["fidelity"] == claim
    if code is None:
        assert record["notes"][0]["code"] == "SG309"
    else:
        assert record["diagnostics"][0]["code"] == code


@pytest.mark.parametrize("test", ["{lt: 2}", "{eq: 2}"])
def test_what_is_counted_twice_bounds_no_other_condition(test: str, tmp_path: Path) -> None:
    record = nested(tmp_path, "splunk", PAIRS.replace("{gte: 2}", test), PAIR, ANY)
    (found,) = record["diagnostics"]
    assert found["code"] == "SG307"
    assert "counted once for each" in found["message"]


def test_different_values_are_no_more_if_an_event_is_there_twice(tmp_path: Path) -> None:
    outer = "type: value_count, rules: [inner], timespan: 1h, condition: {lt: 9, field: Computer}"
    assert nested(tmp_path, "splunk", outer, PAIR, ANY)["fidelity"] == "exact"


@pytest.mark.parametrize("test", ["{gte: 2}", "{lt: 2}"])
def test_rules_that_no_event_meets_together_count_it_once(test: str, tmp_path: Path) -> None:
    record = nested(tmp_path, "splunk", PAIRS.replace("{gte: 2}", test), PAIR)
    assert record["fidelity"] == "exact"


SEVERAL = COUNT.replace("[failed]", "[failed, net]")


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("defender", ("union\n(DeviceProcessEvents\n", "(DeviceNetworkEvents\n")),
        ("splunk", ("| multisearch\n", "EventCode=1 ", "EventCode=3 ")),
    ],
)
def test_events_of_several_log_sources_are_counted_together(
    target: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    texts = [rule("failed", EXACT), rule("net", "{DestinationPort: 443}", "network_connection")]
    (record,) = records(tmp_path, target, [*texts, correlation("outer", SEVERAL)])
    assert record["fidelity"] == "exact"
    assert all(part in record["queries"][0] for part in parts)


@pytest.mark.parametrize("target", ["logpoint", "dnif", "dnif-dql", "car"])
def test_a_language_that_counts_in_one_search_says_that_there_are_several(
    target: str, tmp_path: Path
) -> None:
    texts = [rule("failed", EXACT), rule("net", "{DestinationPort: 443}", "network_connection")]
    (record,) = records(tmp_path, target, [*texts, correlation("outer", SEVERAL)])
    (found,) = record["diagnostics"]
    assert found["code"] == "SG307"
    assert "several log sources" in found["message"]


def test_what_is_grouped_must_have_as_many_columns_in_every_rule(tmp_path: Path) -> None:
    aliases = "aliases: {who: {inner: User, good: Computer}}"
    outer = f"type: temporal, rules: [inner, good], group-by: [who], timespan: 5m, {aliases}"
    (found,) = nested(tmp_path, "defender", outer)["diagnostics"]
    assert found["code"] == "SG307"
    assert "one column in a rule and several in another" in found["message"]


def test_the_record_describes_every_level_with_the_columns_of_each_rule(tmp_path: Path) -> None:
    found = nested(tmp_path, "splunk")["correlation"]
    assert found["type"] == "temporal_ordered"
    inner, good = found["branches"]
    assert good == {"group_by": ["Computer"], "values": []}
    assert inner["correlation"] == {
        "type": "event_count",
        "rules": ["failed"],
        "timespan_seconds": 60,
        "condition": {"gte": 3},
        "percentile": None,
        "branches": [
            {
                "group_by": ["Computer"],
                "values": [],
                "above": [{"group_by": ["Computer"], "values": []}],
            }
        ],
    }


# Columns.


def grouped(pipeline: str) -> list[tuple[str, str]]:
    """Return the fields of each category that have a column of their own."""
    return [
        (category, field)
        for category, recording in load_pipeline(pipeline).recordings.items()
        if ":" not in category
        for field, entry in recording.entries.items()
        if "column" in entry.columns
    ]


@pytest.mark.parametrize(("target", "pipeline"), [("defender", "defender_xdr"), ("sentinel",) * 2])
def test_no_query_groups_by_a_column_that_its_table_lacks(
    target: str, pipeline: str, tmp_path: Path
) -> None:
    fields = grouped(pipeline)
    texts = []
    for number, (category, field) in enumerate(fields):
        section = f"type: event_count, group-by: [{field}], timespan: 1m, condition: {{gte: 2}}"
        texts.append(rule(f"r{number}", f"{{{field}: '1'}}", category))
        texts.append(correlation(f"c{number}", f"{section}, rules: [r{number}]"))
    found = records(tmp_path, target, texts)
    queries = [query for record in found for query in record["queries"]]
    assert len(queries) > len(fields) / 2
    for query in queries:
        kusto_tabular.read(query, tables_of(pipeline))


def test_a_correlation_for_a_person_shows_computed_columns(tmp_path: Path) -> None:
    section = "type: event_count, rules: [net], timespan: 1m, condition: {gte: 2}"
    texts = [
        rule("net", "{Initiated: 'true'}", "network_connection") + "fields: [DestinationPort]\n",
        correlation("outer", section),
    ]
    (tmp_path / "rules.yml").write_text("---\n".join(texts), encoding="utf-8")
    result = CliRunner().invoke(cli, ["convert", str(tmp_path), "-t", "defender", "-f", "hunt"])
    text = "\n".join(line for line in result.stdout.splitlines() if not line.startswith("//"))
    assert "| extend DestinationPort = " in text
    assert "| project Timestamp, DeviceName, DestinationPort" in text
    kusto_tabular.read(text, tables_of("defender_xdr"))
