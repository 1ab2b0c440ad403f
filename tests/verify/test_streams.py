"""The streams that are made for a correlation, and what they test."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sigmaglot import correlation as corr
from sigmaglot import ir
from sigmaglot.correlation import Alias, Condition, Correlation, Type
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.verify.witnesses import make_witnesses
from sigmaglot.verify.witnesses.stream_events import Part
from sigmaglot.verify.witnesses.streams import MOST, Stream, Streams, make_streams


def ends_with(text: str) -> ir.Node:
    return ir.StringMatch("Image", (ir.AnyRun, ir.Literal(text)))


def part(name: str, category: str = "process_creation") -> Part:
    condition = ends_with(f"\\{name}.exe")
    found = make_witnesses(condition, category)
    return Part(name, condition, category, found.events, found.untold)


def asked(kind: Type, number: float, *fields: str, rules: tuple[str, ...] = ("a",)) -> Correlation:
    condition = Condition(((corr.Test.GTE, number),), fields)
    return Correlation(kind, rules, 60, condition, ("User",))


def made(correlation: Correlation) -> Streams:
    return make_streams(correlation, [part(name) for name in correlation.rules])


def named(streams: Streams, start: str) -> Stream:
    return next(one for one in streams.streams if one.name.startswith(start))


def times(stream: Stream) -> list[int]:
    clocks = [str(one.values["UtcTime"])[11:19].split(":") for one in stream.events]
    return [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in clocks]


COUNT = asked(Type.EVENT_COUNT, 3)


def test_a_stream_reaches_over_exactly_the_span_and_one_a_second_more() -> None:
    streams = made(COUNT)
    exact = times(named(streams, "a measure of 3"))
    assert (len(exact), exact[-1] - exact[0]) == (3, 60)
    early = times(named(streams, "a first event one second before"))
    late = times(named(streams, "a last event one second after"))
    assert early[-1] - early[0] == late[-1] - late[0] == 61


def test_there_are_streams_with_one_event_more_and_one_fewer() -> None:
    streams = made(COUNT)
    assert len(named(streams, "a measure of 2").events) == 2
    assert len(named(streams, "a measure of 4").events) == 4


def test_two_groups_are_together_enough_and_differ_in_either_part_of_the_field() -> None:
    streams = made(COUNT)
    changed = [one for one in streams.streams if one.name.startswith("the event 3 with another")]
    users = [{event.values["User"] for event in one.events} for one in changed]
    assert all(len(found) == 2 for found in users)
    parts = [tuple(user.split("\\") for user in sorted(found)) for found in users]
    assert {one[0] == two[0] for one, two in parts} == {True, False}


def test_a_field_of_the_group_is_missing_in_one_event() -> None:
    stream = named(made(COUNT), "the event 3 with a missing `User`")
    assert ["User" in event.values for event in stream.events] == [True, True, False]


def test_values_differ_in_letter_case_alone() -> None:
    stream = named(made(asked(Type.VALUE_COUNT, 3, "CommandLine")), "the last value the first in")
    values = [str(event.values["CommandLine"]) for event in stream.events]
    assert values[0] != values[-1]
    assert values[0].lower() == values[-1].lower()


def test_every_order_of_two_rules_is_there() -> None:
    correlation = asked(Type.TEMPORAL_ORDERED, 2, rules=("a", "b"))
    stream = named(made(correlation), "the events in the other order")
    images = {str(one.values["Image"])[-5]: time for one, time in zip(stream.events, times(stream), strict=True)}  # fmt: skip
    assert images["a"] > images["b"]


def test_an_alias_has_its_own_field_and_the_other_rules_field_differs() -> None:
    alias = Alias("who", (("a", "User"), ("b", "ParentUser")))
    correlation = Correlation(
        Type.TEMPORAL, ("a", "b"), 60, Condition(((corr.Test.GTE, 2),)), ("who",), (alias,)
    )
    first, second = named(made(correlation), "a measure of 2").events
    assert first.values["User"] == second.values["ParentUser"]
    assert first.values["ParentUser"] != first.values["User"] != second.values["User"]
    first, second = named(made(correlation), "the event 1 with the `who` of another").events
    assert first.values["User"] != second.values["ParentUser"] == first.values["ParentUser"]


@pytest.mark.parametrize(("number", "values"), [(1000, ["500", "500"]), (7, ["3", "4"])])
def test_a_sum_is_reached_exactly(number: int, values: list[str]) -> None:
    stream = named(made(asked(Type.VALUE_SUM, number, "ProcessId")), f"a measure of {number},")
    assert [event.values["ProcessId"] for event in stream.events] == values


@pytest.mark.parametrize(("percent", "alike", "count"), [(20, 1, 5), (75, 3, 4), (2, 1, 50)])
def test_a_share_is_reached_exactly(percent: int, alike: int, count: int) -> None:
    stream = named(made(asked(Type.VALUE_PERCENTILE, percent, "Image")), f"a measure of {percent},")
    values = [event.values["Image"] for event in stream.events]
    assert (len(values), values.count(values[-1])) == (count, alike)


def test_a_measured_field_that_makes_groups_has_one_value() -> None:
    stream = named(made(asked(Type.VALUE_COUNT, 3, "User", "ProcessId")), "a measure of 3,")
    assert len({event.values["User"] for event in stream.events}) == 1
    assert len({event.values["ProcessId"] for event in stream.events}) == 3


def test_an_event_of_two_rules_stands_for_two() -> None:
    condition = ir.StringMatch("CommandLine", (ir.AnyRun, ir.Literal("whoami")))
    found = make_witnesses(condition, "process_creation")
    both = [part("a"), Part("b", condition, "process_creation", found.events)]
    correlation = asked(Type.EVENT_COUNT, 3, rules=("a", "b"))
    stream = named(make_streams(correlation, both), "an event of two rules in the place of two")
    event = Event(stream.events[0].values)
    assert len(stream.events) == 2
    assert all(compile_predicate(one.condition)(event) for one in both)


def test_each_witness_of_a_rule_is_once_the_event_that_decides() -> None:
    streams = made(COUNT)
    about = [one for one in streams.streams if one.name.endswith("as the event 3")]
    assert len(about) > 10
    assert {one.leaf for one in about if one.leaf} == {ends_with("\\a.exe")}


def test_a_rule_that_is_not_needed_is_told_about_too() -> None:
    condition = Condition(((corr.Test.LT, 2),))
    correlation = Correlation(Type.EVENT_COUNT, ("a", "b"), 60, condition)
    about = {one.leaf for one in made(correlation).streams if one.leaf}
    assert about == {ends_with("\\a.exe"), ends_with("\\b.exe")}


def test_the_same_seed_makes_the_same_streams_and_another_seed_others() -> None:
    parts = [part("a")]
    assert make_streams(COUNT, parts, 1) == make_streams(COUNT, parts, 1)
    assert make_streams(COUNT, parts, 1) != make_streams(COUNT, parts, 2)


def test_no_two_streams_have_the_same_events() -> None:
    keys = sorted(repr(sorted(map(repr, one.events))) for one in made(COUNT).streams)
    assert all(one != two for one, two in pairwise(keys))


def test_a_rule_without_an_event_and_a_stream_too_long_are_told() -> None:
    silent = Part("a", ir.FALSE, "process_creation", part("a").witnesses)
    assert make_streams(COUNT, [silent]).lacking == "no event was found for the rule `a`"
    assert str(MOST) in made(asked(Type.EVENT_COUNT, MOST + 1)).lacking
