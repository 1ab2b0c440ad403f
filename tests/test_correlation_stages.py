"""The stages that SPL gets for a correlation mean what the evaluator says, on random streams.

A small model of `streamstats`, `eventstats`, `eval` and `where` runs them as Splunk's Search Reference
describes, the end of a time window as `assumes` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sigmaglot import correlation as corr
from sigmaglot.evaluate_correlation import Happening, find
from sigmaglot.ir import TRUE, Column
from sigmaglot.language import Aggregation, Branch, Source
from sigmaglot_backends.spl.aggregate import AGGREGATES, aggregate

Row = dict[str, Any]
FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "max": max,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "dc": lambda values: len(set(values)),
    "last": lambda values: values[-1],
}


def measured(term: str, rows: list[Row]) -> Any:
    if term == "count":
        return len(rows)
    name, field = re.fullmatch(r"(\w+)\((\w+)\)", term).groups()
    values = [row[field] for row in rows if row.get(field) is not None]
    return FUNCTIONS[name](values) if values else None


def by_of(text: str) -> list[str]:
    return text.partition(" by ")[2].split()


def streamstats(rows: list[Row], text: str) -> None:
    window = re.match(r"time_window=(\d+)s ", text)
    for term, name in re.findall(r"([\w()]+) as (\w+)", text):
        running(rows, text, window, term, name)


def running(rows: list[Row], text: str, window: Any, term: str, name: str) -> None:
    for index, row in enumerate(rows):
        past = [
            other
            for other in rows[: index + 1]
            if all(other[key] == row[key] for key in by_of(text))
            and (window is None or row["_time"] - other["_time"] <= int(window[1]))
        ]
        row[name] = measured(term, past)


def eventstats(rows: list[Row], text: str) -> None:
    for term, name in re.findall(r"(\w+\(\w+\)) as (\w+)", text):
        found = [
            measured(term, [o for o in rows if all(o[k] == row[k] for k in by_of(text))])
            for row in rows
        ]
        for row, value in zip(rows, found, strict=True):
            row[name] = value


def evaluate(expression: str, row: Row) -> Any:
    """Return the value of an expression of eval or where; a comparison with null is not true."""
    python = re.sub(r"(?<![<>!=])=(?!=)", "==", expression).replace("null()", "None")
    python = python.replace(" AND ", " and ").replace(" OR ", " or ").replace("if(", "choose(")
    for test in re.findall(r"_time-(sg_time\d)", python):
        python = python.replace(f"_time-{test}", f"since({test})")
    names = {f"sg_time{n}": None for n in range(1, 4)} | row
    helpers = {
        "choose": lambda test, yes, no: yes if test else no,
        "since": lambda time: float("inf") if time is None else row["_time"] - time,
    }
    return eval(python, helpers, names)


def run(lines: list[str], rows: list[Row]) -> set[int]:
    start = next(number for number, line in enumerate(lines) if line.startswith("| sort"))
    rows.sort(key=lambda row: (row["_time"], row["sg_rule"]))
    marks = [line for line in lines[:start] if line.startswith("| eval sg_low")]
    for line in [*marks, *lines[start + 1 :]]:
        command, _, text = line.removeprefix("| ").partition(" ")
        if command == "streamstats":
            streamstats(rows, text)
        elif command == "eventstats":
            eventstats(rows, text)
        elif command == "eval":
            for assignment in re.split(r", (?=sg_low)", text):
                name, _, expression = assignment.partition("=")
                for row in rows:
                    row[name] = evaluate(expression, row)
        else:
            assert command == "where"
            rows = [row for row in rows if row.get("sg_measure", 0) is not None]
            rows = [row for row in rows if evaluate(text, row)]
    return {row["number"] for row in rows}


@st.composite
def cases(draw: Any) -> tuple[corr.Correlation, dict[str, list[Happening]]]:
    kind = draw(st.sampled_from(sorted(AGGREGATES)))
    temporal = kind in corr.TEMPORAL
    rules = ("one", "two", "three")[: draw(st.integers(1, 3)) if temporal else 1]
    tests = ((corr.Test.GTE, len(rules)),)
    if kind != "temporal_ordered":
        drawn = st.tuples(st.sampled_from(list(corr.Test)), st.integers(0, 6))
        tests = tuple(draw(st.lists(drawn, min_size=1, max_size=2)))
    fields = ("size",) if kind in corr.VALUED else ()
    percentile = {"value_median": 50}.get(kind)
    if kind == "value_percentile":
        percentile = draw(st.sampled_from([None, 0, 10, 33, 50, 95, 99.9, 100]))
    if kind == "value_percentile" and percentile is None:
        tests = tuple((test, 10 * number) for test, number in tests)
    condition = corr.Condition(tests, fields, percentile)
    correlation = corr.Correlation(kind, rules, draw(st.integers(1, 6)), condition, ("host",))
    seen: dict[str, list[Happening]] = {rule: [] for rule in rules}
    for number in range(draw(st.integers(0, 12))):
        values = {"host": draw(st.sampled_from("ab")), "size": draw(st.integers(-2, 5))}
        event = Happening(number, draw(st.integers(0, 12)), values)
        for rule in draw(st.sets(st.sampled_from(rules), min_size=1, max_size=2)):
            seen[rule].append(event)
    return correlation, seen


@settings(max_examples=600, deadline=None)
@given(cases())
def test_the_stages_of_spl_find_what_the_correlation_means(case: Any) -> None:
    correlation, seen = case
    values = (Column("size"),) if correlation.condition.fields else ()
    branches = tuple(Branch(Source(), TRUE, (Column("host"),), values) for _ in correlation.rules)
    condition = correlation.condition
    plan = Aggregation(
        correlation.type, correlation.timespan, condition.tests, branches, condition.percentile
    )
    rows = [
        {
            "_time": event.time,
            "number": event.number,
            "sg_rule": position,
            "sg_group1": event.values["host"],
            "sg_value": event.values["size"],
        }
        for position, rule in enumerate(correlation.rules, 1)
        for event in seen[rule]
    ]
    meant = {event.number for event in find(correlation, seen)}
    assert run(aggregate(plan, lambda _: ["search"]), rows) == meant
