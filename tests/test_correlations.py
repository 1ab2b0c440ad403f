"""Correlations: what they mean, how they are read, and how rules are found for them."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sigmaglot import correlation as corr
from sigmaglot.cli import cli
from sigmaglot.evaluate_correlation import Happening, find

# A second implementation, written to be obvious and slow: every event asks every other.


def slow_find(correlation: corr.Correlation, seen: dict[str, list[Happening]]) -> set[int]:
    takes_part = [
        (event, rule, group, value)
        for rule in correlation.rules
        for event in seen[rule]
        for group, value in [slow_part(correlation, rule, event)]
        if group is not None and value is not None
    ]
    return {
        event.number
        for event, _, group, value in takes_part
        if slow_holds(
            correlation,
            value,
            [
                (other.time, other.number, rule, its_value)
                for other, rule, its_group, its_value in takes_part
                if its_group == group and 0 <= event.time - other.time <= correlation.timespan
            ],
        )
    }


def slow_part(correlation: corr.Correlation, rule: str, event: Happening) -> tuple[Any, Any]:
    names = {alias.name: dict(alias.fields)[rule] for alias in correlation.aliases}

    def texts(fields: tuple[str, ...]) -> tuple[str, ...] | None:
        found = [event.values.get(names.get(field, field)) for field in fields]
        return None if None in found else tuple(str(value) for value in found)

    group, values = texts(correlation.group_by), texts(correlation.condition.fields)
    numeric = correlation.type in {"value_sum", "value_avg", "value_median"} or (
        correlation.type == "value_percentile" and correlation.condition.percentile is not None
    )
    if numeric and values is not None:
        try:
            return group, Fraction(values[0])
        except ValueError:
            return group, None
    return group, values


def slow_holds(correlation: corr.Correlation, own: Any, window: list[tuple]) -> bool:
    measure = slow_measure(correlation, own, window)
    return all(
        {
            "gt": measure > number,
            "gte": measure >= number,
            "lt": measure < number,
            "lte": measure <= number,
            "eq": measure == number,
            "neq": measure != number,
        }[test]
        for test, number in correlation.condition.tests
    )


def slow_measure(correlation: corr.Correlation, own: Any, window: list[tuple]) -> Any:
    events = {number for _, number, _, _ in window}
    values = [value for _, value in sorted({(number, value) for _, number, _, value in window})]
    match correlation.type:
        case "event_count":
            return len(events)
        case "value_count":
            return len(set(values))
        case "temporal":
            return len({rule for _, _, rule, _ in window})
        case "temporal_ordered":
            return slow_order(correlation.rules, window)
        case "value_sum":
            return sum(values)
        case "value_avg":
            return sum(values) / len(values)
        case _ if correlation.condition.percentile is None:
            alike = {number for _, number, _, value in window if value == own}
            return Fraction(100 * len(alike), len(events))
        case _:
            wanted = correlation.condition.percentile
            return min(
                value
                for value in values
                if 100 * sum(other <= value for other in values) >= wanted * len(values)
            )


def slow_order(rules: tuple[str, ...], window: list[tuple]) -> int:
    """Try every choice of rules, the longest first, and every choice of times for them."""
    times = {rule: {time for time, _, found, _ in window if found == rule} for rule in rules}
    for length in range(len(rules), 0, -1):
        for chosen in combinations(rules, length):
            for moments in product(*(times[rule] for rule in chosen)):
                if list(moments) == sorted(moments):
                    return length
    return 0


HOSTS = st.sampled_from(["a", "b", None])
SIZES = st.sampled_from([0, 1, 2, 5, -3, "2", "x", None])


@st.composite
def streams(draw: Any, rules: tuple[str, ...]) -> dict[str, list[Happening]]:
    seen: dict[str, list[Happening]] = {rule: [] for rule in rules}
    for number in range(draw(st.integers(0, 12))):
        values = {"host": draw(HOSTS), "from": draw(HOSTS), "size": draw(SIZES)}
        event = Happening(number, draw(st.integers(0, 12)), values)
        for rule in draw(st.sets(st.sampled_from(rules), min_size=1, max_size=2)):
            seen[rule].append(event)
    return {rule: draw(st.permutations(events)) for rule, events in seen.items()}


@st.composite
def cases(draw: Any) -> tuple[corr.Correlation, dict[str, list[Happening]]]:
    kind = draw(st.sampled_from(list(corr.Type)))
    rules = ("one", "two", "three")[: draw(st.integers(1, 3))]
    numbers = st.one_of(st.integers(-1, 6), st.sampled_from([25, 50, 100]))
    tests = draw(
        st.lists(st.tuples(st.sampled_from(list(corr.Test)), numbers), min_size=1, max_size=2)
    )
    fields = ("size",) if kind in corr.VALUED else ()
    if kind == "value_count" and draw(st.booleans()):
        fields = ("size", "host")
    percentile = None
    if kind == "value_median":
        percentile = 50
    elif kind == "value_percentile":
        percentile = draw(st.sampled_from([None, 0, 10, 50, 95, 100]))
    alias = corr.Alias(
        "who", tuple((rule, draw(st.sampled_from(["host", "from"]))) for rule in rules)
    )
    group_by = draw(st.sampled_from([(), ("host",), ("host", "from"), ("who",)]))
    correlation = corr.Correlation(
        kind,
        rules,
        draw(st.integers(1, 6)),
        corr.Condition(tuple(tests), fields, percentile),
        group_by,
        (alias,),
    )
    return correlation, draw(streams(rules))


@settings(max_examples=600, deadline=None)
@given(cases())
def test_the_evaluator_agrees_with_the_slow_implementation(case: Any) -> None:
    correlation, seen = case
    found = find(correlation, seen)
    assert {one.number for one in found} == slow_find(correlation, seen)
    assert [one.time for one in found] == sorted(one.time for one in found)


# Single facts of the meaning, each by hand.


def events(*times: float, **values: Any) -> list[Happening]:
    return [Happening(number, time, values) for number, time in enumerate(times)]


def count(test: str, number: int, span: int = 10) -> corr.Correlation:
    condition = corr.Condition(((corr.Test(test), number),))
    return corr.Correlation(corr.Type.EVENT_COUNT, ("r",), span, condition)


def times(correlation: corr.Correlation, **seen: list[Happening]) -> list[float]:
    return [one.time for one in find(correlation, seen)]


def test_a_window_slides_over_what_a_fixed_bin_would_cut() -> None:
    assert times(count("gte", 3), r=events(8, 9, 11, 30)) == [11]


def test_both_ends_of_a_window_count() -> None:
    assert times(count("gte", 2), r=events(0, 10)) == [10]
    assert times(count("gte", 2), r=events(0, 10.001)) == []


def test_a_condition_may_be_a_range() -> None:
    condition = corr.Condition(((corr.Test.GT, 1), (corr.Test.LTE, 3)))
    correlation = corr.Correlation(corr.Type.EVENT_COUNT, ("r",), 10, condition)
    assert times(correlation, r=events(1, 2, 3, 4, 5)) == [2, 3]


def test_order_matters_to_temporal_ordered_alone() -> None:
    condition = corr.Condition(((corr.Test.GTE, 2),))
    first, second = [Happening(0, 5, {})], [Happening(1, 3, {})]
    either = corr.Correlation(corr.Type.TEMPORAL, ("a", "b"), 10, condition)
    ordered = corr.Correlation(corr.Type.TEMPORAL_ORDERED, ("a", "b"), 10, condition)
    assert times(either, a=first, b=second) == [5]
    assert times(ordered, a=first, b=second) == []
    assert times(ordered, a=second, b=first) == [5]


def test_an_event_without_a_group_takes_no_part() -> None:
    grouped = corr.Correlation(
        corr.Type.EVENT_COUNT, ("r",), 10, corr.Condition(((corr.Test.GTE, 2),)), ("host",)
    )
    assert times(grouped, r=events(1, 2, host=None)) == []
    assert times(grouped, r=events(1, 2, host="a")) == [2]


# Documents, through the command line.

BASE = """\
title: Failed
name: failed
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\fail.exe'}, condition: selection}
"""
GOOD = """\
title: Success
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\good.exe'}, condition: selection}
"""
MANY = """\
title: Many
name: many
correlation:
    type: event_count
    rules: [failed]
    group-by: [User]
    timespan: 1m
    condition: {gte: 3}
"""
THEN = """\
title: Many, then one
id: b180ead8-d58f-40b2-ae54-c8940995b9b6
correlation:
    type: temporal_ordered
    rules: [many, 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3]
    group-by: [User]
    timespan: 5m
"""


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def run(*args: Any) -> Any:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


def event(name: str, program: str, time: str, user: str = "alice") -> dict[str, Any]:
    return {
        "_id": name,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Image": f"C:\\{program}.exe",
        "User": user,
        "UtcTime": f"2026-11-21 10:{time}.000",
    }


STREAM = [
    event("late-good", "good", "04:00"),
    event("f1", "fail", "00:10"),
    event("f2", "fail", "00:20"),
    event("f3", "fail", "01:05"),
    event("other", "fail", "00:30", "bob"),
    event("early-good", "good", "00:50"),
]


def match(folder: Path, stream: list[dict[str, Any]], *more: Any) -> Any:
    file = folder / "events.ndjson"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in stream), encoding="utf-8")
    return run("match", folder, "--events", file, *more)


@pytest.mark.parametrize("split", [True, False])
def test_a_correlation_over_a_correlation_is_run_from_one_file_or_several(
    split: bool, tmp_path: Path
) -> None:
    texts = {"then": THEN, "many": MANY, "failed": BASE, "good": GOOD}
    write(tmp_path, **(texts if split else {"all": "---\n".join(texts.values())}))
    result = match(tmp_path, STREAM)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"b180ead8-d58f-40b2-ae54-c8940995b9b6": ["late-good"]}


@pytest.mark.parametrize("place", ["    generate: true\n", "generate: true\n"])
def test_generate_keeps_the_rules_that_are_referred_to(place: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        many=MANY.replace(
            "name: many", "name: many\nid: " + "0" * 8 + "-0000-4000-8000-000000000001"
        )
        + place,
        failed=BASE,
    )
    found = json.loads(match(tmp_path, STREAM).stdout)
    assert found["00000000-0000-4000-8000-000000000001"] == ["f3"]
    assert found[str(tmp_path / "failed.yml")] == ["f1", "f2", "f3", "other"]


def test_an_event_without_a_time_is_a_warning(tmp_path: Path) -> None:
    timeless = {key: value for key, value in STREAM[1].items() if key != "UtcTime"}
    result = match(write(tmp_path, many=MANY, failed=BASE), [timeless])
    assert result.exit_code == 0
    assert "warning SG504 an event of the correlation has no time: `f1`" in result.stderr


def test_filters_apply_to_the_rules_of_a_correlation(tmp_path: Path) -> None:
    filter_text = (
        "title: Not alice\nlogsource: {product: windows}\nfilter:\n  rules: [failed]\n"
        "  selection: {User: alice}\n  condition: not selection\n"
    )
    write(tmp_path, many=MANY, failed=BASE, filter=filter_text)
    assert json.loads(match(tmp_path, STREAM).stdout) == {str(tmp_path / "many.yml"): []}


def test_the_test_command_takes_each_file_as_one_stream(tmp_path: Path) -> None:
    write(tmp_path, many=MANY, failed=BASE)
    cases = tmp_path / "tests" / "many"
    cases.mkdir(parents=True)
    for name, stream in (("match", STREAM), ("no_match", STREAM[:3])):
        text = "".join(f"{json.dumps(one)}\n" for one in stream)
        (cases / f"{name}.ndjson").write_text(text, encoding="utf-8")
    result = run("test", tmp_path)
    assert result.exit_code == 0, result.output
    assert "many.yml (9 events)" in result.stdout
    (cases / "no_match.ndjson").write_text(text + json.dumps(STREAM[3]), encoding="utf-8")
    result = run("test", tmp_path)
    assert result.exit_code == 1
    assert "SG602 the correlation comes true at `f3`" in result.stdout


WRONG = {
    "an unknown reference": ("[failed]", "[fialed]", "SG143", (5, 13), "no rule of the run is called `fialed`"),
    "no timespan": ("    timespan: 1m\n", "", "SG140", (3, 1), "the correlation has no `timespan`"),
    "a timespan that is none": ("1m", "1 minute", "SG140", (7, 5), "the timespan `1 minute` cannot be read"),
    "an unknown type": ("event_count", "event_cuont", "SG140", (4, 5), "no correlation type is called `event_cuont`"),
    "no rules": ("    rules: [failed]\n", "", "SG140", (3, 1), "the correlation needs `rules`"),
    "no condition": ("    condition: {gte: 3}\n", "", "SG140", (3, 1), "the correlation needs a `condition` that is a map"),
    "an empty condition": ("{gte: 3}", "{}", "SG140", (8, 5), "the condition compares with no number"),
    "a word for a number": ("{gte: 3}", "{gte: many}", "SG140", (8, 17), "`gte` compares with a number, not `many`"),
    "an unknown comparison": ("{gte: 3}", "{gte: 3, ge: 4}", "SG140", (8, 25), "a condition has no `ge`"),
    "a field that is not measured": ("{gte: 3}", "{gte: 3, field: a}", "SG140", (8, 25), "event_count measures no field"),
    "a field that is missing": ("event_count", "value_count", "SG140", (8, 5), "value_count needs the `field` that it measures"),
    "a rule twice": ("[failed]", "[failed, failed]", "SG140", (5, 5), "a rule is listed twice"),
    "an unknown key": ("timespan:", "timeframe:", "SG140", (7, 5), "a correlation has no `timeframe`"),
    "an alias without a rule": ("    timespan", "    aliases: {who: {other: User}}\n    timespan", "SG140", (7, 15), "the alias `who` has no field for the rule `failed`"),
    "a circle": ("[failed]", "[many]", "SG143", (5, 13), "the reference to `many` leads back to this correlation"),
    "a bad id": ("name: many", "name: many\nid: four", "SG131", (3, 1), "sigma rule identifier must be an UUID"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_correlation_that_is_wrong_is_one_error_at_its_place(case: str, tmp_path: Path) -> None:
    old, new, code, (line, column), message = WRONG[case]
    write(tmp_path, many=MANY.replace(old, new), failed=BASE)
    for command in (("check",), ("convert", "-t", "splunk")):
        result = run(command[0], tmp_path, *command[1:])
        assert result.exit_code == 1, result.output
        assert f"many.yml:{line}:{column}: error {code} {message}" in result.output


def test_two_rules_with_the_name_are_an_error(tmp_path: Path) -> None:
    result = run("check", write(tmp_path, many=MANY, failed=BASE, more=BASE))
    assert "error SG143 `failed` names a rule of" in result.output


def test_the_rules_that_are_referred_to_are_not_compiled_on_their_own(tmp_path: Path) -> None:
    text = MANY.replace("event_count", "value_sum").replace(
        "{gte: 3}", "{gte: 3, field: ProcessId}"
    )
    write(tmp_path, many=text, failed=BASE, good=GOOD)
    result = run("convert", tmp_path, "-t", "car")
    assert result.exit_code == 1
    assert "fail.exe" not in result.stdout
    assert "good.exe" in result.stdout
    assert "many.yml:4:5: error SG307 unsupported: CAR pseudocode cannot say" in result.stderr


# Queries.

CHEAP = "{Image|endswith: '\\fail.exe'}"
LOSSY = "{Image|endswith: '\\fail.exe', CurrentDirectory|contains: Temp}"


def claims(tmp_path: Path, kind: str, condition: str, *options: str, lossy: bool = True) -> str:
    """Return the fidelity for Defender, which has no `CurrentDirectory`: its query is broader."""
    text = MANY.replace("event_count", kind).replace("{gte: 3}", condition)
    base = BASE.replace(CHEAP, LOSSY if lossy else CHEAP)
    write(tmp_path, many=text, failed=base)
    result = run("convert", tmp_path, "-t", "defender", "-f", "jsonl", *options)
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["diagnostics"] == [] or record["diagnostics"][0]["code"] == "SG307"
    return record["fidelity"]


@pytest.mark.parametrize(
    ("kind", "condition", "claim"),
    [
        ("event_count", "{gte: 3}", "broader"),
        ("event_count", "{gt: 3}", "broader"),
        ("event_count", "{gt: 3, gte: 4}", "broader"),
        ("event_count", "{lt: 3}", "unsupported"),
        ("event_count", "{lte: 3}", "unsupported"),
        ("event_count", "{eq: 3}", "unsupported"),
        ("event_count", "{neq: 3}", "unsupported"),
        ("event_count", "{gt: 3, lte: 9}", "unsupported"),
        ("value_count", "{gte: 3, field: ProcessId}", "broader"),
        ("temporal", "{gte: 1}", "broader"),
        ("temporal_ordered", "{gte: 1}", "broader"),
        ("value_sum", "{gte: 3, field: ProcessId}", "unsupported"),
        ("value_avg", "{gte: 3, field: ProcessId}", "unsupported"),
        ("value_median", "{gte: 3, field: ProcessId}", "unsupported"),
        ("value_percentile", "{gte: 3, field: ProcessId, percentile: 95}", "unsupported"),
        ("value_percentile", "{gte: 3, field: ProcessId}", "unsupported"),
    ],
)
def test_a_broader_rule_keeps_its_direction_only_where_the_measure_rises(
    kind: str, condition: str, claim: str, tmp_path: Path
) -> None:
    assert claims(tmp_path, kind, condition) == claim
    exact = claims(tmp_path, kind, condition, lossy=False)
    assert exact == "exact"
    assert claims(tmp_path, kind, condition, "--fidelity", "exact") == "unsupported"


def test_percentiles_are_told_by_counting_the_values_below_a_number(tmp_path: Path) -> None:
    # The nearest rank of the median of n values is n / 2 rounded up: fewer than half lie below 3,
    # and half or more are 9 or less.
    condition = "{gte: 3, lte: 9, field: ProcessId}"
    text = MANY.replace("event_count", "value_median").replace("{gte: 3}", condition)
    write(tmp_path, many=text, failed=BASE)
    kusto = run("convert", tmp_path, "-t", "defender").stdout
    assert (
        "sg_below1 = countif(sg_past_value < 3), sg_below2 = countif(sg_past_value <= 9)" in kusto
    )
    assert "| where sg_below1 < 50 * sg_count / 100.0\n" in kusto
    assert "| where sg_below2 >= 50 * sg_count / 100.0\n" in kusto
    spl = run("convert", tmp_path, "-t", "splunk").stdout
    assert "| eval sg_low1=if(sg_value<3, 1, 0), sg_low2=if(sg_value<=9, 1, 0)\n" in spl
    assert spl.splitlines()[-1] == (
        "| where sg_below1<50*sg_count/100 AND sg_below2>=50*sg_count/100"
    )


def test_a_share_counts_the_events_with_the_own_value(tmp_path: Path) -> None:
    text = MANY.replace("event_count", "value_percentile")
    write(tmp_path, many=text.replace("{gte: 3}", "{lte: 3, field: CommandLine}"), failed=BASE)
    kusto = run("convert", tmp_path, "-t", "defender").stdout
    assert "sg_value = tostring(ProcessCommandLine)" in kusto
    assert "sg_alike = countif(sg_past_value == sg_value)" in kusto
    spl = run("convert", tmp_path, "-t", "splunk").stdout
    assert "streamstats time_window=60s count as sg_alike by sg_value sg_group1" in spl
    assert "| eval sg_measure=100*sg_alike/sg_count\n" in spl


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        ("{gt: 3}", ">3"),
        ("{gte: 3}", ">=3"),
        ("{lt: 3}", "<3"),
        ("{lte: 3}", "<=3"),
        ("{eq: 3}", "=3"),
        ("{neq: 3}", "!=3"),
        ("{gt: 1, lte: 3}", ">1 AND sg_measure<=3"),
    ],
)
def test_splunk_measures_a_sliding_window_for_every_comparison(
    condition: str, test: str, tmp_path: Path
) -> None:
    write(tmp_path, many=MANY.replace("{gte: 3}", condition), failed=BASE)
    lines = run("convert", tmp_path, "-t", "splunk").stdout.splitlines()
    assert lines[-4:] == [
        "| sort 0 _time",
        "| streamstats time_window=60s count as sg_measure by sg_group1",
        "| eventstats max(sg_measure) as sg_measure by _time sg_group1",
        f"| where sg_measure{test}",
    ]


def test_events_of_several_rules_are_counted_once(tmp_path: Path) -> None:
    text = MANY.replace("[failed]", "[failed, 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3]")
    write(tmp_path, many=text, failed=BASE, good=GOOD)
    query = run("convert", tmp_path, "-t", "splunk").stdout
    assert 'Image IN ("*\\\\fail.exe", "*\\\\good.exe")' in query
    assert "multisearch" not in query


def test_kusto_joins_each_event_with_those_of_its_window(tmp_path: Path) -> None:
    write(tmp_path, many=MANY, failed=BASE)
    query = run("convert", tmp_path, "-t", "defender").stdout
    assert "tostring(AccountDomain), sg_group2 = tostring(AccountName)" in query
    assert "| where sg_past_time between (sg_time - 60s .. sg_time)\n" in query
    assert "| where sg_measure >= 3\n" in query


def test_an_alias_is_the_column_of_each_rule(tmp_path: Path) -> None:
    aliases = "    aliases:\n        who: {failed: User, good: ParentUser}\n"
    text = THEN.replace("[many, 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3]", "[failed, good]")
    text = text.replace("[User]", "[who]") + aliases
    write(tmp_path, then=text, failed=BASE, good=GOOD.replace("id:", "name: good\nid:"))
    query = run("convert", tmp_path, "-t", "splunk").stdout
    assert "eval sg_rule=1, sg_group1=User ]" in query
    assert "eval sg_rule=2, sg_group1=ParentUser ]" in query


def test_an_alias_that_is_one_column_in_a_rule_and_two_in_another_is_refused(
    tmp_path: Path,
) -> None:
    """Elastic parts User into domain and name, and keeps ParentUser whole."""
    aliases = "    aliases:\n        who: {failed: User, good: ParentUser}\n"
    text = THEN.replace("[many, 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3]", "[failed, good]")
    text = text.replace("[User]", "[who]") + aliases
    write(tmp_path, then=text, failed=BASE, good=GOOD.replace("id:", "name: good\nid:"))
    result = run("convert", tmp_path, "-t", "kibana")
    assert result.exit_code == 1
    assert "SG307" in result.stderr
    assert "what it groups by is one column in a rule and several in another" in result.stderr


def test_kibana_describes_what_it_cannot_aggregate(tmp_path: Path) -> None:
    write(tmp_path, many=MANY, failed=BASE)
    result = run("convert", tmp_path, "-t", "kibana", "-f", "jsonl")
    (record,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert record["notes"][0]["code"] == "SG307"
    described = record["correlation"]
    assert described["type"] == "event_count"
    assert described["timespan_seconds"] == 60
    assert described["condition"] == {"gte": 3}
    assert described["branches"] == [{"group_by": ["user.domain", "user.name"], "values": []}]
    assert described["queries"] == record["queries"]


def test_a_backend_of_pysigma_gets_no_correlation(tmp_path: Path) -> None:
    write(tmp_path, then=THEN, many=MANY, failed=BASE, good=GOOD)
    result = run("convert", tmp_path, "-t", "pysigma:splunk")
    assert result.exit_code == 1
    assert "then.yml:3:1: error SG307" in result.stderr


def test_a_group_without_a_column_is_an_error_that_names_it(tmp_path: Path) -> None:
    write(tmp_path, many=MANY.replace("[User]", "[ParentProcessGuid]"), failed=BASE)
    result = run("convert", tmp_path, "-t", "defender")
    assert "error SG204 unsupported: `ParentProcessGuid` has no column" in result.stderr


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_output_does_not_depend_on_jobs(jobs: str, tmp_path: Path) -> None:
    rules = {f"r{n:02}": GOOD.replace("8b2a", f"8b{n:02}") for n in range(40)}
    write(tmp_path, many=MANY, failed=BASE, **rules)
    result = run("convert", tmp_path, "-t", "splunk", "-j", jobs)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("streamstats") == 1
    assert result.stdout.count("good.exe") == 40
