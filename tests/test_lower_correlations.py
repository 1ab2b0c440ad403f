"""Correlations in LogPoint, DNIF and CAR, whose windows do not slide: texts, claims and their proof.

A row of such a query stands for a window that meets the condition, at its last event. The models of
the second half say which windows each language sees; all must be found by the window that slides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sigmaglot import correlation as corr
from sigmaglot.cli import cli
from sigmaglot.evaluate_correlation import Happening, find

TARGETS = ("logpoint", "logpoint-sysmon", "dnif", "dnif-dql", "car")
RULE = """\
title: {name}
name: {name}
logsource: {{category: process_creation, product: windows}}
detection: {detection}
"""
FAIL = "{selection: {Image|endswith: '\\fail.exe'}, condition: selection}"
GOOD = "{selection: {Image|endswith: '\\good.exe'}, condition: selection}"
REGEX = "{selection: {CommandLine|re: 'a+b'}, condition: selection}"
EITHER = "{a: {CommandLine: x}, b: {Image|endswith: '\\fail.exe'}, condition: a or b}"
KEYWORD = "{a: [wmic], b: {Image|endswith: '\\fail.exe'}, condition: a or b}"
ONLY_KEYWORD = "{a: [wmic], condition: a}"


def compiled(folder: Path, target: str, section: str, *options: str, **rules: str) -> Any:
    """Return the record of a correlation over rules, by name, with their detections."""
    texts = [RULE.format(name=name, detection=text) for name, text in rules.items()]
    listed = f"correlation: {{rules: [{', '.join(rules)}], {section}}}\n"
    text = "---\n".join([f"title: t\n{listed}", *texts])
    (folder / "rule.yml").write_text(text, encoding="utf-8")
    arguments = ["convert", str(folder), "-t", target, "-f", "jsonl", *options]
    (line,) = CliRunner().invoke(cli, arguments).stdout.splitlines()
    return json.loads(line)


COUNT = "type: event_count, group-by: [Computer], timespan: 5m, condition: {gte: 3}"
VALUES = COUNT.replace("event_count", "value_count").replace("{gte: 3}", "{gt: 3, field: User}")
ONE_VALUE = VALUES.replace("User", "CommandLine")
EITHER_ORDER = "type: temporal, group-by: [Computer], timespan: 5m"
ORDERED = "type: temporal_ordered, group-by: [Computer], timespan: 90s"

LOGPOINT_FAIL = 'label="Process" label="Create" "process"="*\\fail.exe" host=*'
LOGPOINT_GOOD = LOGPOINT_FAIL.replace("fail", "good")
FETCH = "_fetch * from event where $LogName=WINDOWS-SYSMON AND $EventID=1 AND $Duration=5m AND "
HOST = r"AND $SystemName=regex([\s\S]*)"
DQL_FAIL = r"rlike(lower(image),'(?s)^.*\\fail\.exe$')"
DQL_GOOD = DQL_FAIL.replace("fail", "good")
DQL = "stream=ep-process where action='PROCESS_ADDED' and "
CAR_FAIL = """\
matching_events = search Process:Create
matching = filter matching_events where (exe == "fail.exe" and fqdn exists{more})
grouped = group matching by fqdn where (max time between two events is 300 seconds)
measured = from grouped select min(time) as earliest_time, max(time) as latest_time, {measure} as measure
correlated = filter measured where (latest_time - earliest_time <= 300 seconds and measure >= {least})
output correlated"""
CAR_BOTH = """\
rule1_events = search Process:Create
rule1 = filter rule1_events where (exe == "fail.exe" and fqdn exists)
rule2_events = search Process:Create
rule2 = filter rule2_events where (exe == "good.exe" and fqdn exists)
correlated = join (rule1, rule2) where (rule1.fqdn == rule2.fqdn and {times})
output correlated"""

TEXTS = {
    "a stream counts events": ("logpoint", COUNT, {"failed": FAIL}, (
        f"[3 {LOGPOINT_FAIL} having same host within 300 seconds]",
    )),
    "a stream over all events is one group": ("logpoint", COUNT.replace("group-by: [Computer], ", ""), {"failed": FAIL}, (
        f"[3 {LOGPOINT_FAIL.removesuffix(' host=*')} within 300 seconds]",
    )),
    "a chart counts what a regular expression finds": ("logpoint", COUNT, {"failed": REGEX}, (
        ('label="Process" label="Create" host=*\n'
        '| process regex("(?P<sg1>a+b)", command)\n'
        "| search sg1=*\n"
        "| chart count() as sg_measure, min(log_ts) as sg_first, max(log_ts) as sg_last by host\n"
        '| process eval("sg_span=sg_last-sg_first")\n'
        "| search sg_span <= 300 sg_measure >= 3"),
    )),
    "a chart counts values, more than 3 being 4": ("logpoint", ONE_VALUE, {"failed": FAIL}, (
        (f"{LOGPOINT_FAIL} command=*\n"
        "| chart distinct_count(command) as sg_measure, min(log_ts) as sg_first, max(log_ts) as sg_last by host\n"
        '| process eval("sg_span=sg_last-sg_first")\n'
        "| search sg_span <= 300 sg_measure >= 4"),
    )),
    "one stream follows another": ("logpoint", ORDERED, {"failed": FAIL, "good": GOOD}, (
        f"[{LOGPOINT_FAIL}] as sg1 followed by [{LOGPOINT_GOOD}] as sg2 within 90 seconds on sg1.host=sg2.host",
    )),
    "either stream follows the other": ("logpoint", EITHER_ORDER, {"failed": FAIL, "good": GOOD}, (
        f"[{LOGPOINT_FAIL}] as sg1 followed by [{LOGPOINT_GOOD}] as sg2 within 300 seconds on sg1.host=sg2.host",
        f"[{LOGPOINT_GOOD}] as sg1 followed by [{LOGPOINT_FAIL}] as sg2 within 300 seconds on sg1.host=sg2.host",
    )),
    "a fetch groups events": ("dnif", COUNT, {"failed": FAIL}, (
        (rf"{FETCH}$App=regex(^fail\.exe$)i {HOST} group count_unique $SystemName limit 0"
        "\n>>_checkif int_compare count_unique >= 3 include"),
    )),
    "a fetch of one group counts rows": ("dnif", COUNT.replace("group-by: [Computer], ", ""), {"failed": FAIL}, (
        (rf"{FETCH}$App=regex(^fail\.exe$)i limit 10000"
        "\n>>_agg count\n>>_checkif int_compare Count >= 3 include"),
    )),
    "a fetch groups values, which are counted": ("dnif", ONE_VALUE, {"failed": FAIL}, (
        (rf"{FETCH}$App=regex(^fail\.exe$)i {HOST} AND $Process=regex([\s\S]*) group count_unique $SystemName, $Process limit 0"
        "\n>>_agg count_unique $SystemName\n>>_checkif int_compare count_unique >= 4 include"),
    )),
    "several fetches are joined before values are counted": ("dnif", ONE_VALUE, {"failed": EITHER}, (
        (rf"{FETCH}$Process=regex(^x$)i {HOST} AND $Process=regex([\s\S]*) limit 10000"
        "\n>>"
        rf"{FETCH}$App=regex(^fail\.exe$)i {HOST} AND $Process=regex([\s\S]*) limit 10000"
        "\n>>_agg count_unique $SystemName, $Process\n>>_agg count_unique $SystemName"
        "\n>>_checkif int_compare count_unique >= 4 include"),
    )),
    "labels tell rules apart": ("dnif", EITHER_ORDER, {"failed": FAIL, "good": GOOD}, (
        (rf"{FETCH}$App=regex(^fail\.exe$)i {HOST} as #A limit 10000"
        "\n>>"
        rf"{FETCH}$App=regex(^good\.exe$)i {HOST} as #B limit 10000"
        "\n>>_agg count_unique $SystemName, $Label\n>>_agg count_unique $SystemName"
        "\n>>_checkif int_compare count_unique >= 2 include"),
    )),
    "DQL groups events": ("dnif-dql", COUNT, {"failed": FAIL}, (
        (f"{DQL}{DQL_FAIL} and system is not null | duration 5m | groupby system"
        " | select system, count(*) as sg_measure | having sg_measure>=3 | limit 100"),
    )),
    "DQL of one group": ("dnif-dql", COUNT.replace("group-by: [Computer], ", ""), {"failed": FAIL}, (
        f"{DQL}{DQL_FAIL} | duration 5m | select count(*) as sg_measure | having sg_measure>=3 | limit 100",
    )),
    "DQL counts values": ("dnif-dql", ONE_VALUE, {"failed": FAIL}, (
        (f"{DQL}{DQL_FAIL} and system is not null and commandline is not null | duration 5m | groupby system"
        " | select system, distinct_count(commandline) as sg_measure | having sg_measure>=4 | limit 100"),
    )),
    "DQL counts the events of each rule": ("dnif-dql", EITHER_ORDER, {"failed": FAIL, "good": GOOD}, (
        (f"{DQL}({DQL_FAIL} or {DQL_GOOD}) and system is not null | duration 5m | groupby system"
        f" | select system, count_if({DQL_FAIL}) as sg_rule1, count_if({DQL_GOOD}) as sg_rule2"
        " | having sg_rule1>0 and sg_rule2>0 | limit 100"),
    )),
    "CAR groups events that are close": ("car", COUNT, {"failed": FAIL}, (
        CAR_FAIL.format(more="", measure="count(time)", least=3),
    )),
    "CAR of one group measures its times": ("car", COUNT.replace("group-by: [Computer], ", ""), {"failed": FAIL}, (
        "\n".join(
            line.replace(" and fqdn exists", "").replace("from grouped", "from matching")
            for line in CAR_FAIL.format(more="", measure="count(time)", least=3).splitlines()
            if not line.startswith("grouped")
        ),
    )),
    "CAR counts values": ("car", ONE_VALUE, {"failed": FAIL}, (
        CAR_FAIL.format(more=" and command_line exists", measure="count(unique(command_line))", least=4),
    )),
    "CAR joins events in order": ("car", ORDERED, {"failed": FAIL, "good": GOOD}, (
        CAR_BOTH.format(times="rule1.time <= rule2.time and rule2.time <= rule1.time + 90 seconds"),
    )),
    "CAR joins events in any order": ("car", EITHER_ORDER, {"failed": FAIL, "good": GOOD}, (
        CAR_BOTH.format(times="rule2.time <= rule1.time + 300 seconds and rule1.time <= rule2.time + 300 seconds"),
    )),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_a_correlation_is_written_as_the_language_documents_it(case: str, tmp_path: Path) -> None:
    target, section, rules, queries = TEXTS[case]
    record = compiled(tmp_path, target, section, **rules)
    assert tuple(record["queries"]) == queries
    assert record["fidelity"] == "narrower"
    assert record["notes"][0]["code"] == "SG308"


def test_car_joins_the_third_rule_with_both_before_it(tmp_path: Path) -> None:
    rules = {"a": FAIL, "b": GOOD, "c": REGEX}
    ordered = compiled(tmp_path, "car", ORDERED, **rules)["queries"][0].splitlines()
    assert ordered[-3:-1] == [
        (
            "joined1 = join (rule1, rule2) where (rule1.fqdn == rule2.fqdn and "
            "rule1.time <= rule2.time and rule2.time <= rule1.time + 90 seconds)"
        ),
        (
            "correlated = join (joined1, rule3) where (joined1.rule1.fqdn == rule3.fqdn and "
            "joined1.rule2.time <= rule3.time and rule3.time <= joined1.rule1.time + 90 seconds)"
        ),
    ]


# Claims.


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("policy", ["exact", "broader"])
def test_a_policy_that_takes_nothing_narrower_is_refused(
    target: str, policy: str, tmp_path: Path
) -> None:
    record = compiled(tmp_path, target, COUNT, "--fidelity", policy, failed=FAIL)
    assert (record["fidelity"], record["queries"]) == ("unsupported", [])
    (problem,) = record["diagnostics"]
    assert problem["code"] == "SG202"
    assert f"its query is narrower, which `--fidelity {policy}` does not take" in problem["message"]


@pytest.mark.parametrize("policy", ["closest", "narrower"])
def test_rules_are_narrowed_with_the_windows(policy: str, tmp_path: Path) -> None:
    # A keyword is searched in the whole message, which is broader: the narrower side leaves it out.
    record = compiled(tmp_path, "logpoint", COUNT, "--fidelity", policy, failed=KEYWORD)
    assert record["fidelity"] == "narrower"
    assert [note["code"] for note in record["notes"]] == ["SG308", "SG205"]
    assert record["queries"] == [f"[3 {LOGPOINT_FAIL} having same host within 300 seconds]"]


def test_a_rule_that_can_only_be_broader_leaves_no_claim(tmp_path: Path) -> None:
    record = compiled(tmp_path, "logpoint", COUNT, failed=ONLY_KEYWORD)
    assert record["fidelity"] == "unsupported"
    assert (
        "a rule of it has no query that is exact or narrower" in record["diagnostics"][0]["message"]
    )


NO_BOUND = "do not slide, and a part of one bounds no"
NO_DIRECTION = "do not slide, and only `gt` and `gte` are bounded"
REFUSED = {
    "a sum may fall": (TARGETS, COUNT.replace("event_count", "value_sum").replace("3}", "3, field: CommandLine}"), {"a": FAIL}, NO_BOUND),
    "an average": (TARGETS, COUNT.replace("event_count", "value_avg").replace("3}", "3, field: CommandLine}"), {"a": FAIL}, NO_BOUND),
    "a median": (TARGETS, COUNT.replace("event_count", "value_median").replace("3}", "3, field: CommandLine}"), {"a": FAIL}, NO_BOUND),
    "a share": (TARGETS, COUNT.replace("event_count", "value_percentile").replace("3}", "3, field: CommandLine}"), {"a": FAIL}, NO_BOUND),
    "lt": (TARGETS, COUNT.replace("gte", "lt"), {"a": FAIL}, NO_DIRECTION),
    "lte": (TARGETS, COUNT.replace("gte", "lte"), {"a": FAIL}, NO_DIRECTION),
    "eq": (TARGETS, COUNT.replace("gte", "eq"), {"a": FAIL}, NO_DIRECTION),
    "neq": (TARGETS, COUNT.replace("gte", "neq"), {"a": FAIL}, NO_DIRECTION),
    "a range": (TARGETS, COUNT.replace("gte: 3", "gte: 3, lt: 9"), {"a": FAIL}, NO_DIRECTION),
    "order": (("dnif", "dnif-dql"), ORDERED, {"a": FAIL, "b": GOOD}, "no test of the order of two events is documented"),
    "seconds": (("dnif", "dnif-dql"), COUNT.replace("5m", "59s"), {"a": FAIL}, "no duration is shorter than a minute"),
    "several fetches": (("dnif",), COUNT, {"a": EITHER}, "several fetches, which would count an event twice"),
    "too many fetches": (("dnif",), COUNT, {"a": "{" + ", ".join(f"s{n}: {{CommandLine|contains: a{n}}}, t{n}: {{Image|endswith: '\\b{n}.exe'}}" for n in range(6)) + ", condition: (s0 or t0) and (s1 or t1) and (s2 or t2) and (s3 or t3) and (s4 or t4) and (s5 or t5)}"}, "several fetches"),
    "too many fields": (("dnif",), COUNT.replace("[Computer]", "[Computer, CommandLine, ParentProcessId, ProcessId, User]"), {"a": FAIL}, "by 4 fields at most"),
    "too many fields with a label": (("dnif",), EITHER_ORDER.replace("[Computer]", "[Computer, CommandLine, ProcessId, User]"), {"a": FAIL, "b": GOOD}, "by 4 fields at most, with their label"),
    "other fields": (("dnif",), EITHER_ORDER.replace("[Computer]", "[who]") + ", aliases: {who: {a: Computer, b: CommandLine}}", {"a": FAIL, "b": GOOD}, "its rules group by different fields"),
    "other columns": (("dnif-dql",), EITHER_ORDER.replace("[Computer]", "[who]") + ", aliases: {who: {a: Computer, b: CommandLine}}", {"a": FAIL, "b": GOOD}, "group by different columns"),
    "some rules": (("dnif-dql", "car"), EITHER_ORDER + ", condition: {gte: 1}", {"a": FAIL, "b": GOOD}, "only all of its rules"),
    "some streams": (("logpoint",), EITHER_ORDER + ", condition: {gte: 1}", {"a": FAIL, "b": GOOD}, "must be both rules"),
    "three streams": (("logpoint",), ORDERED, {"a": FAIL, "b": GOOD, "c": REGEX}, "must be both rules"),
    "streams of stages": (("logpoint",), ORDERED, {"a": FAIL, "b": REGEX}, "a regular expression needs a stage of its own"),
    "streams of groups": (("logpoint",), ORDERED.replace("[Computer]", "[Computer, ProcessId]"), {"a": FAIL, "b": GOOD}, "on several fields is not documented"),
    "combined values": (("logpoint", "car"), VALUES.replace("User", "[CommandLine, ProcessId]"), {"a": FAIL}, "combinations of several"),
    "combined columns": (("dnif-dql",), VALUES.replace("User", "[CommandLine, Image]"), {"a": FAIL}, "combinations of several"),
    "one rule": (("car",), EITHER_ORDER, {"a": FAIL}, "a join needs two rules"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_language_cannot_say_is_refused_with_its_reason(case: str, tmp_path: Path) -> None:
    targets, section, rules, reason = REFUSED[case]
    for target in targets:
        record = compiled(tmp_path, target, section, **rules)
        assert (record["fidelity"], record["queries"]) == ("unsupported", []), target
        (problem,) = record["diagnostics"]
        assert (problem["code"], reason in problem["message"]) == ("SG307", True), problem


# Proof: what the windows of each language find, the window that slides finds too.

Parts = list[tuple[Happening, str]]


def bins(parts: Parts, span: int) -> Iterator[Parts]:
    """Cut time into fixed windows, as a query does that runs once in each."""
    for start in range(-span, 30, span):
        yield [part for part in parts if start < part[0].time <= start + span]


def whole(parts: Parts, span: int) -> Iterator[Parts]:
    """Take a whole group, as a chart does, where its first and last events are close enough."""
    moments = [event.time for event, _ in parts]
    if moments and max(moments) - min(moments) <= span:
        yield parts


def runs(parts: Parts, span: int) -> Iterator[Parts]:
    """Take as many events as fit from the first on, and begin anew, as a stream may do."""
    left = parts
    while left:
        taken = [part for part in left if part[0].time <= left[0][0].time + span]
        yield taken
        left = left[len(taken) :]


def joined(parts: Parts, span: int) -> Iterator[Parts]:
    """Take every two events that are close enough, as a join of two rules does."""
    for index, part in enumerate(parts):
        for other in parts[index:]:
            if other[0].time - part[0].time <= span:
                yield [part, other]


MEASURES = {
    "event_count": lambda parts: len({event.number for event, _ in parts}),
    "value_count": lambda parts: len({event.values["size"] for event, _ in parts}),
    "temporal": lambda parts: len({rule for _, rule in parts}),
    "value_sum": lambda parts: sum(event.values["size"] for event, _ in parts),
    "value_avg": lambda parts: sum(e.values["size"] for e, _ in parts) / len(parts),
    "value_median": lambda parts: sorted(e.values["size"] for e, _ in parts)[(len(parts) - 1) // 2],
}


def in_order(parts: Parts, rules: tuple[str, ...]) -> int:
    """Return 2 where an event of the first rule is no later than one of the second, else 1."""
    first, second = rules
    times = [[event.time for event, rule in parts if rule == wanted] for wanted in (first, second)]
    return 2 if all(times) and min(times[0]) <= max(times[1]) else 1


def holds(measure: float, tests: tuple[tuple[corr.Test, float], ...]) -> bool:
    said = {"gt": measure.__gt__, "gte": measure.__ge__, "lt": measure.__lt__, "eq": measure.__eq__}
    return all(said[test](number) for test, number in tests)


def rows(correlation: corr.Correlation, seen: dict[str, list[Happening]], windows: Any) -> set[int]:
    """Return the last event of each window that meets the condition, in each group."""
    found = set()
    for host in "ab":
        parts = [
            (e, rule) for rule in correlation.rules for e in seen[rule] if e.values["host"] == host
        ]
        parts.sort(key=lambda part: (part[0].time, part[1]))
        for window in windows(parts, correlation.timespan):
            if correlation.type == "temporal_ordered":
                measure = in_order(window, correlation.rules)
            else:
                measure = MEASURES[correlation.type](window) if window else 0
            if window and holds(measure, correlation.condition.tests):
                found.add(window[-1][0].number)
    return found


@st.composite
def cases(draw: Any) -> tuple[corr.Correlation, dict[str, list[Happening]]]:
    kind = draw(st.sampled_from(["event_count", "value_count", "temporal", "temporal_ordered"]))
    rules = ("one", "two") if kind.startswith("temporal") else ("one",)
    number = draw(st.integers(0, 4))
    tests: tuple[tuple[corr.Test, float], ...] = ((draw(st.sampled_from(["gt", "gte"])), number),)
    if kind.startswith("temporal"):
        tests = ((corr.Test.GTE, 2),)
    fields = ("size",) if kind == "value_count" else ()
    correlation = corr.Correlation(
        corr.Type(kind), rules, draw(st.integers(1, 6)), corr.Condition(tests, fields), ("host",)
    )
    seen: dict[str, list[Happening]] = {rule: [] for rule in rules}
    for at in range(draw(st.integers(0, 12))):
        values = {"host": draw(st.sampled_from("ab")), "size": draw(st.integers(-2, 3))}
        event = Happening(at, draw(st.integers(0, 20)), values)
        for rule in draw(st.sets(st.sampled_from(rules), min_size=1)):
            seen[rule].append(event)
    return correlation, seen


@pytest.mark.parametrize("windows", [bins, whole, runs, joined])
@settings(max_examples=300, deadline=None)
@given(case=cases())
def test_what_a_window_finds_that_does_not_slide_is_meant(windows: Any, case: Any) -> None:
    correlation, seen = case
    meant = {event.number for event in find(correlation, seen)}
    assert rows(correlation, seen, windows) <= meant


@pytest.mark.parametrize("windows", [bins, whole, runs])
def test_what_lies_across_two_windows_is_missed(windows: Any) -> None:
    condition = corr.Condition(((corr.Test.GTE, 3),))
    correlation = corr.Correlation(corr.Type.EVENT_COUNT, ("one",), 10, condition, ("host",))
    seen = {"one": [Happening(n, time, {"host": "a"}) for n, time in enumerate((0, 9, 11, 12, 30))]}
    meant = {event.number for event in find(correlation, seen)}
    assert meant == {3}
    assert rows(correlation, seen, windows) == set()


@pytest.mark.parametrize(
    ("kind", "test", "number", "sizes"),
    [
        ("event_count", "lt", 2, (1, 1)),
        ("event_count", "eq", 1, (1, 1)),
        ("value_sum", "gte", 3, (-5, 3)),
        ("value_avg", "gte", 3, (-5, 3)),
        ("value_median", "gte", 3, (-5, 3)),
    ],
)
def test_what_is_refused_would_find_what_is_not_meant(
    kind: str, test: str, number: int, sizes: tuple[int, int]
) -> None:
    # The two events share a window that slides, and lie on both sides of a fixed one's end.
    fields, percentile = (("size",), 50) if kind == "value_median" else (("size",), None)
    if kind == "event_count":
        fields = ()
    condition = corr.Condition(((corr.Test(test), number),), fields, percentile)
    correlation = corr.Correlation(corr.Type(kind), ("one",), 10, condition, ("host",))
    times = zip((9, 11), sizes, strict=True)
    seen = {"one": [Happening(n, t, {"host": "a", "size": s}) for n, (t, s) in enumerate(times)]}
    meant = {event.number for event in find(correlation, seen)}
    assert 1 not in meant
    assert 1 in rows(correlation, seen, bins)
