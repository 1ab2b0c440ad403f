"""What the readers make of many rows: expected values are reasoned from the vendors' references."""

from __future__ import annotations

from typing import Any

import pytest

from sigmaglot.verify.readers import kusto_tabular, spl
from sigmaglot.verify.readers.base import ReadError

Row = dict[str, Any]


def found(query: str, rows: list[Row]) -> list[Row]:
    return [dict(row) for row in spl.rows(spl.read(query), rows)]


# -- Splunk


def timed(*times: int, **values: Any) -> list[Row]:
    return [{"_time": time, "n": at, **values} for at, time in enumerate(times)]


def test_a_time_window_slides_and_takes_in_both_of_its_ends() -> None:
    query = "* | streamstats time_window=10s count as c"
    assert [row["c"] for row in found(query, timed(0, 5, 10, 11, 30))] == [1, 2, 3, 3, 1]


@pytest.mark.parametrize(("span", "count"), [("60s", 2), ("1m", 2), ("59s", 1), ("1h", 2)])
def test_the_span_of_a_time_window_has_a_unit(span: str, count: int) -> None:
    query = f"* | streamstats time_window={span} count as c"
    assert found(query, timed(0, 60))[-1]["c"] == count


def test_a_time_window_is_of_its_group() -> None:
    rows = [{"_time": 0, "g": "a"}, {"_time": 1, "g": "b"}, {"_time": 2, "g": "a"}]
    query = "* | streamstats time_window=10s count as c by g"
    assert [row["c"] for row in found(query, rows)] == [1, 1, 2]


def test_a_time_window_over_rows_out_of_order_is_not_modelled() -> None:
    with pytest.raises(ReadError, match="not in order of time"):
        found("* | streamstats time_window=10s count as c", timed(5, 0))
    with pytest.raises(ReadError, match="not in order of time"):
        found("* | streamstats time_window=10s count as c", [{"n": 1}])
    with pytest.raises(ReadError, match="time_window=10 of streamstats"):
        spl.read("* | streamstats time_window=10 count as c")


def test_multisearch_gives_the_rows_of_each_search() -> None:
    rows = [{"a": "1", "n": 0}, {"a": "2", "n": 1}, {"a": "1", "b": "2", "n": 2}]
    query = "| multisearch [ search a=1 | eval r=1 ] [ search a=2 OR b=2 | eval r=2 ] | where n>0"
    assert [(row["n"], row["r"]) for row in found(query, rows)] == [(1, 2), (2, 2), (2, 1)]


def test_multisearch_needs_two_searches_that_look_at_one_row() -> None:
    with pytest.raises(ReadError):
        spl.read("| multisearch [ search a=1 ]")
    with pytest.raises(ReadError, match="a command over all rows"):
        spl.read("| multisearch [ search a=1 | stats count ] [ search a=2 ]")
    query = spl.read("| multisearch [ search a=1 ] [ search a=2 ]")
    with pytest.raises(ReadError, match="needs all rows"):
        query.matches({"a": "1"})


def test_texts_are_joined_by_a_point_and_a_missing_one_makes_none() -> None:
    query = '* | eval x=len(a) . ":" . a . b'
    assert found(query, [{"a": "ab", "b": "c"}])[0]["x"] == "2:abc"
    assert found(query, [{"a": "ab"}])[0]["x"] is None


def test_null_is_no_value_and_first_and_last_are_by_place() -> None:
    rows = [{"a": "x"}, {"a": "y"}, {"a": "z"}]
    query = (
        '* | eval b=if(a="y", null(), a) | eventstats first(b) as f, last(b) as l, count(b) as c'
    )
    assert [(row["f"], row["l"], row["c"]) for row in found(query, rows)] == [("x", "z", 2)] * 3


def test_what_is_the_verifiers_own_is_no_part_of_the_event() -> None:
    assert found("7", [{"a": "x", "$row": 7}]) == []
    assert found("x", [{"a": "x", "$row": 7}]) == [{"a": "x", "$row": 7}]


# -- Kusto

TABLES = {
    "A": {"Time": "datetime", "Name": "string", "Id": "long"},
    "B": {"Time": "datetime", "Name": "string", "Other": "string"},
}
ROWS: dict[str, list[Row]] = {
    "A": [
        {"Time": "2026-01-01 00:00:00", "Name": "x", "Id": 1},
        {"Time": "2026-01-01 00:00:10", "Name": "X", "Id": 2},
        {"Time": "2026-01-01 00:00:20", "Name": "x", "Id": None},
    ],
    "B": [{"Time": "2026-01-01 00:00:05", "Name": "x", "Other": "o"}],
}


def kusto(query: str) -> list[Row]:
    read = kusto_tabular.read(query, TABLES)
    return [dict(row) for row in read(lambda name: ROWS[name])]


def test_a_let_statement_names_a_table_and_rows_are_numbered() -> None:
    query = 'let a = materialize(A | where Name == "x" | serialize n = row_number()); a | project n'
    assert kusto(query) == [{"n": 1}, {"n": 2}]


def test_an_inner_join_is_of_equal_keys_with_case_and_renames_the_right_side() -> None:
    rows = kusto("A | join kind=inner (B | project Name, Time) on Name | project Id, Name1, Time1")
    assert [(row["Id"], row["Name1"]) for row in rows] == [(1, "x"), (None, "x")]


def test_a_null_is_joined_with_nothing() -> None:
    assert [row["Id"] for row in kusto("A | join kind=inner (A) on Id")] == [1, 2]


def test_both_ends_of_between_belong_to_it() -> None:
    query = "A | where Time between (datetime(2026-01-01T00:00:20Z) - 10s .. datetime(2026-01-01T00:00:20Z))"
    assert [row["Id"] for row in kusto(query)] == [2, None]


def test_summaries_leave_nulls_out() -> None:
    query = (
        "A | extend all = 1 | summarize c = count(), d = count_distinct(Name), s = sum(Id), "
        "a = avg(Id) by all"
    )
    assert kusto(query) == [{"all": 1, "c": 3, "d": 2, "s": 3, "a": 1.5}]


def test_rows_that_meet_a_test_are_counted() -> None:
    rows = kusto("A | extend all = 1 | summarize c = countif(Id < 2), d = countif(Id > 5) by all")
    assert rows == [{"all": 1, "c": 1, "d": 0}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("2 * 3 + 4", 10),
        ("7 - 2 - 1", 4),
        ("7 / 2", 3),
        ("7 / 2.0", 3.5),
        ("7 % 4", 3),
        ("7 / 0", None),
        ("(2 + 3) * 4", 20),
    ],
)
def test_products_go_before_sums_and_whole_numbers_stay_whole(
    expression: str, value: float | None
) -> None:
    assert kusto(f"B | project n = {expression}") == [{"n": value}]


def test_arg_max_brings_the_whole_row() -> None:
    rows = kusto("A | extend all = 1 | summarize n = count(), arg_max(Time, *) by all")
    assert [(row["n"], row["Name"], row["Id"]) for row in rows] == [(3, "x", None)]


def test_a_union_has_the_rows_of_all_and_columns_go_by_pattern() -> None:
    rows = kusto("union (A | project Name, T_a = Time), (B | project Name, T_b = Time) | project-away T_*")  # fmt: skip
    assert rows == [{"Name": "x"}, {"Name": "X"}, {"Name": "x"}, {"Name": "x"}]


@pytest.mark.parametrize(
    "query",
    [
        "A | join (B) on Name",
        "A | join kind=leftouter (B) on Name",
        "A | join kind=inner (B | project Other) on Name",
        "A | summarize dcount(Name)",
        "A | summarize d = dcount(Name)",
        "A | take 1",
        "A | top 1 by Time",
        "A | serialize n = rank()",
        "C | where Name == 'x'",
        "A | where Nothing == 'x'",
        "A | where Time between (Id .. Time)",
        "A | where Time between (Time - Id .. Time)",
        "union (A | project x = Name), (B | project x = Time)",
        "let a = A; a; A",
        "A | where Name == 'x' B",
    ],
)
def test_what_is_not_modelled_or_not_of_the_language_raises(query: str) -> None:
    with pytest.raises(ReadError):
        kusto(query)
