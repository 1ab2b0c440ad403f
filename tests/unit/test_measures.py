"""Durations in words, and percentiles by counting, for languages that measure correlations."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigmaglot import correlation as corr
from sigmaglot.ir import And, Column, Exists
from sigmaglot.language import Aggregation, Branch, Source, duration, rank_tests


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(60, "1m"), (90, "1m"), (300, "5m"), (5_400, "90m"), (7_200, "2h"), (86_400, "1d")],
)
def test_a_duration_is_no_longer_than_the_time_span(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def nearest_rank(values: list[int], percentile: float) -> int:
    """Return the smallest value that so many per cent of the values do not exceed."""
    rank = math.ceil(percentile * len(values) / 100)
    return sorted(values)[max(rank, 1) - 1]


TESTS = {
    corr.Test.GT: operator.gt,
    corr.Test.GTE: operator.ge,
    corr.Test.LT: operator.lt,
    corr.Test.LTE: operator.le,
    corr.Test.EQ: operator.eq,
    corr.Test.NEQ: operator.ne,
}


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=12),
    st.sampled_from([0, 1, 10, 33.3, 50, 95, 99.9, 100]),
    st.lists(
        st.tuples(st.sampled_from(list(corr.Test)), st.integers(-1, 10)), min_size=1, max_size=2
    ),
)
def test_counts_below_a_number_tell_how_a_percentile_compares(
    values: list[int], percentile: float, tests: list[tuple[corr.Test, float]]
) -> None:
    share = percentile * len(values) / 100 if percentile else 1

    def holds(number: float, included: bool, reaches: bool) -> bool:
        below = sum(value <= number if included else value < number for value in values)
        return below >= share if reaches else below < share

    said = all(
        any(holds(one.number, one.included, one.reaches) for one in ways)
        for ways in rank_tests(tests)
    )
    measure = nearest_rank(values, percentile)
    assert said == all(TESTS[test](measure, number) for test, number in tests)


@pytest.mark.parametrize(
    ("tests", "least"),
    [
        (((corr.Test.GTE, 3),), 3),
        (((corr.Test.GT, 3),), 4),
        (((corr.Test.GTE, 2.5),), 3),
        (((corr.Test.GT, 2.5),), 3),
        (((corr.Test.GT, 3), (corr.Test.GTE, 9)), 9),
        (((corr.Test.GTE, -4),), 1),  # no window is measured that is empty
    ],
)
def test_a_threshold_is_the_smallest_count_that_meets_every_test(
    tests: tuple[tuple[corr.Test, float], ...], least: int
) -> None:
    assert Aggregation(corr.Type.EVENT_COUNT, 60, tests, ()).threshold == least


def test_an_event_takes_part_with_all_that_is_grouped_and_measured() -> None:
    host, size = Column("host"), Column("size")
    branch = Branch(
        Source(), And((Exists(Column("a")), Exists(Column("b")))), (host,), (size, host)
    )
    names = [leaf.field.name for leaf in branch.takes_part.children]
    assert names == ["a", "b", "host", "size"]
