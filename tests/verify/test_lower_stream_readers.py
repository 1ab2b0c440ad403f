"""LogPoint, DNIF and CAR over many events: what the readers find, and that verify finds faults.

The queries of the first part are written by hand, by the vendors' documentation and the published
analytics of MITRE CAR; the events that each must find are reasoned from these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from correlation_helpers import BOTH, COUNT, VALUES, replaced, verify

from sigmaglot.passes.legalise import Fidelity
from sigmaglot.verify.engines.model import CannotRunError
from sigmaglot.verify.engines.registry import load_engine
from sigmaglot.verify.engines.streams import Asked, Stored, find_in_stream
from sigmaglot.verify.projection.times import seconds_column
from sigmaglot.verify.verdict import Status

Row = dict[str, Any]

ENGINES = {
    "logpoint": "logpoint-model",
    "dnif": "dnif-model",
    "dnif-dql": "dql-model",
    "car": "car-model",
}
TIMES = {"logpoint": "log_ts", "dnif": "$CNAMTime", "dnif-dql": "cnamtime", "car": "time"}


def found(target: str, query: str, rows: Sequence[Row], engine: str = "") -> set[int]:
    """Return the positions of the events that a query finds; ``t`` is the time of each."""
    records = tuple(
        {TIMES[target]: row["t"], **{name: one for name, one in row.items() if name != "t"}}
        for row in rows
    )
    stored = Stored(records, (0.0,) * len(records))
    asked = Asked((query,), {}, target.replace("-", "_"))
    return set(find_in_stream(load_engine(engine or ENGINES[target]), asked, stored))


def at(*times: int, **values: Any) -> list[Row]:
    """Return events that differ in time alone."""
    return [{"t": time, **values} for time in times]


def refused(target: str, query: str, rows: Sequence[Row], reason: str) -> None:
    with pytest.raises(CannotRunError, match=reason):
        found(target, query, rows)


# -- LogPoint: streams


def test_a_stream_finds_the_last_of_so_many_events_within_its_time() -> None:
    query = "[3 event=login having same user within 2 minutes]"
    logins = at(0, 60, 120, 121, 300, event="login", user="a")
    assert found("logpoint", query, logins) == {2, 3}


def test_the_events_of_a_stream_are_of_one_group_and_of_its_search() -> None:
    query = "[2 event=login having same user, host within 1 minute]"
    first, *others = at(0, 1, 2, 3, event="login", user="a", host="h")
    others[0]["user"], others[1]["host"], others[2]["event"] = "A", "i", "logout"
    assert found("logpoint", query, [first, *others]) == set()
    assert found("logpoint", query, [first, *others, {**first, "t": 4}]) == {4}


def test_events_without_the_field_of_a_group_are_a_group() -> None:
    query = "[2 event=login having same user within 10 seconds]"
    assert found("logpoint", query, at(0, 1, event="login")) == {1}


def test_a_stream_without_a_number_finds_each_event_and_may_have_a_name() -> None:
    assert found("logpoint", "[event=login]", at(0, 500, event="login")) == {0, 1}
    assert found("logpoint", "[2 event=login] as E", at(0, 500, event="login")) == {1}


FOLLOWED = "[event=a] as x followed by [event=b] as y within 10 seconds on x.user=y.owner"


def test_a_stream_follows_another_within_a_time() -> None:
    rows = [
        *at(0, event="a", user="u"),
        *at(10, 11, event="b", owner="u"),
        *at(5, event="b", owner="U"),
        *at(-1, event="b", owner="u"),
    ]
    assert found("logpoint", FOLLOWED, rows) == {1}
    assert found("logpoint", FOLLOWED.replace("10 seconds", "11 seconds"), rows) == {1, 2}
    assert found("logpoint", FOLLOWED.partition(" on ")[0], rows) == {1, 3}


def test_events_of_one_moment_follow_each_other() -> None:
    rows = [*at(0, event="b", owner="u"), *at(0, event="a", user="u")]
    assert found("logpoint", FOLLOWED, rows) == {0}


def test_a_join_names_the_two_streams() -> None:
    for sides in ("x.user=x.owner", "x.user=z.owner"):
        query = FOLLOWED.replace("x.user=y.owner", sides)
        refused("logpoint", query, [], "joins other streams")
    swapped = FOLLOWED.replace("x.user=y.owner", 'y."owner"=x.user')
    rows = [*at(0, event="a", user="u"), *at(1, event="b", owner="u")]
    assert found("logpoint", swapped, rows) == {1}


# -- LogPoint: charts


def test_a_published_chart_finds_the_images_of_several_hashes() -> None:
    # CAR-2013-05-009.
    query = (
        "norm_id=WindowsSysmon event_id=1\n| chart distinct_count(hash) as cnt by image\n"
        "| search cnt > 1"
    )
    event = {"norm_id": "WindowsSysmon", "event_id": "1"}
    rows = [
        *at(0, image="a", hash="1", **event),
        *at(9, image="a", hash="2", **event),
        *at(5, image="a", hash="2", **event),
        *at(1, 2, image="b", hash="1", **event),
        *at(3, image="a", hash="3", norm_id="WinServer"),
    ]
    assert found("logpoint", query, rows) == {1}


def test_a_chart_has_a_row_for_a_group_whose_times_can_be_compared() -> None:
    query = (
        "event=login | chart count() as n, min(log_ts) as a, max(log_ts) as b by user\n"
        '| process eval("span=b-a")\n| search span <= 10 n >= 2'
    )
    rows = [*at(0, 10, event="login", user="u"), *at(0, 11, event="login", user="v")]
    assert found("logpoint", query, rows) == {1}
    assert found("logpoint", query.replace(" by user", ""), rows) == set()


@pytest.mark.parametrize(
    ("measure", "column", "number"),
    [
        ("count()", '"count()"', 3),
        ("sum(size)", '"sum(size)"', 6),
        ("avg(size) as m", "m", 2),
        ("min(size) as m", "m", 1),
        ("max(size) as m", "m", 3),
    ],
)
def test_a_chart_measures_and_names_its_columns(measure: str, column: str, number: int) -> None:
    rows = [{"t": size, "size": size} for size in (1, 2, 3)]
    for test, hits in (("=", {2}), (">", set())):
        query = f"size=* | chart {measure} | search {column}{test}{number}"
        assert found("logpoint", query, rows) == hits


def test_an_eval_adds_and_subtracts_and_knows_no_field_that_is_missing() -> None:
    rows = at(0, a=5, b=3)
    query = '* | process eval("c=a-(b+1)+10") | search c=11'
    assert found("logpoint", query, rows) == {0}
    assert found("logpoint", query.replace("b+1", "z+1"), rows) == set()


def test_a_stage_of_one_record_stands_before_a_chart() -> None:
    query = 'a=* | process regex("(?P<x>b+)", a) | search x=* | fields x | chart count() as n by x'
    rows = [{"t": 0, "a": "abb"}, {"t": 1, "a": "a"}, {"t": 2, "a": "abb"}]
    assert found("logpoint", query, rows) == {2}


def test_other_aggregations_and_records_without_a_time_are_not_modelled() -> None:
    refused("logpoint", "* | timechart count() by a", at(0), "timechart")
    refused("logpoint", "* | chart median(a)", at(0), "unexpected")
    refused("logpoint", "* | chart max()", at(0), "max of no field")
    refused("logpoint", "[2 a=b]", [{"t": "2026-11-22", "a": "b"}], "without seconds in log_ts")


# -- DNIF


def test_a_published_pipeline_finds_the_hashes_of_several_names() -> None:
    # CAR-2013-05-009, with a time.
    query = (
        "_fetch * from event where $EventID=1 AND $Duration=1h group count_unique $App, $HashMD5 "
        "limit 100\n>>_agg count_unique $HashMD5\n>>_checkif int_compare count_unique > 1 include"
    )
    event = {"$EventID": "1"}
    rows = [
        {"t": 0, "$App": "a", "$HashMD5": "1", **event},
        {"t": 5, "$App": "a", "$HashMD5": "1", **event},
        {"t": 3600, "$App": "b", "$HashMD5": "1", **event},
        {"t": 3605, "$App": "c", "$HashMD5": "2", **event},
    ]
    # At 3600 both ends of the hour count; at 3605 the event of 5 is there still.
    assert found("dnif", query, rows) == {2}
    assert found("dnif", query, [*rows[:1], {**rows[2], "t": 3601}]) == set()


def test_a_published_pipeline_counts_rows() -> None:
    # CAR-2013-04-002, which counts the different programs.
    query = (
        "_fetch * from event where $App=regex((arp\\.exe|at\\.exe))i group count_unique $App "
        "limit 100\n>>_agg count\n>>_checkif int_compare Count > 1 include"
    )
    rows = [{"t": 0, "$App": "arp.exe"}, {"t": 1, "$App": "arp.exe"}, {"t": 2, "$App": "at.exe"}]
    assert found("dnif", query, rows) == {2}
    assert found("dnif", query.replace("include", "exclude"), rows) == {0, 1}


COUNTED = (
    "_fetch * from event where $A=x AND $Duration=1m group count_unique $H limit 0\n"
    ">>_checkif int_compare count_unique >= 2 include"
)


def test_a_pipeline_is_run_after_each_event_over_the_time_before() -> None:
    rows = at(0, 60, 121, 150, **{"$A": "x", "$H": "h"})
    assert found("dnif", COUNTED, rows) == {1, 3}
    other = [*rows[:1], *at(1, **{"$A": "x", "$H": "H"})]
    assert found("dnif", COUNTED, other) == set()


@pytest.mark.parametrize(("span", "hits"), [("1m", set()), ("2h", {1}), ("1d", {1}), ("1w", {1})])
def test_a_duration_has_a_unit(span: str, hits: set[int]) -> None:
    rows = at(0, 7200, **{"$A": "x", "$H": "h"})
    assert found("dnif", COUNTED.replace("1m", span), rows) == hits


def test_labels_tell_fetches_apart_and_rows_are_joined() -> None:
    query = (
        "_fetch * from event where $A=x as #A limit 10\n>>_fetch * from event where $B=y as #B "
        "limit 10\n>>_agg count_unique $H, $Label\n>>_agg count_unique $H\n"
        ">>_checkif int_compare count_unique >= 2 include"
    )
    rows = [
        *at(0, 1, **{"$A": "x", "$H": "h"}),
        *at(2, **{"$B": "y", "$H": "i"}),
        *at(3, **{"$B": "y", "$H": "h"}),
    ]
    assert found("dnif", query, rows) == {3}
    both = at(0, **{"$A": "x", "$B": "y", "$H": "h"})
    assert found("dnif", query, both) == {0}


def test_an_expression_is_held_to_both_readings() -> None:
    query = COUNTED.replace("$A=x", "$A=regex(x)")
    rows = at(0, 1, **{"$A": "axb", "$H": "h"})
    assert found("dnif", query, rows) == set()
    assert found("dnif", query, rows, "dnif-model-search") == {1}


def test_what_dnif_does_not_document_is_not_modelled() -> None:
    refused("dnif", COUNTED.replace("$Duration=1m", "$StartTime=2026-11-22"), at(0), "StartTime")
    refused("dnif", COUNTED.replace("$Duration=1m", "$Duration=1M"), at(0), "a span in M")
    refused("dnif", COUNTED.replace(" AND $Duration", " NOT $Duration"), at(0), "excluded")
    refused("dnif", COUNTED.replace("$H limit", "$H as #A limit"), at(0), "label of groups")
    refused("dnif", COUNTED.replace("_checkif int_compare", "_checkif lookup"), at(0), "unexpected")


# -- DNIF DQL

DQL = (
    "stream=s where a='x' | duration 1m | groupby h | select h, count(*) as n | having n>=2 "
    "| limit 100"
)


def test_dql_is_run_after_each_event_over_the_time_before() -> None:
    rows = at(0, 60, 121, 150, a="x", h="h")
    assert found("dnif-dql", DQL, rows) == {1, 3}
    assert found("dnif-dql", DQL, [*rows[:1], *at(1, a="x", h="H")]) == set()
    assert found("dnif-dql", DQL, [{**row, "$table": "other"} for row in rows]) == set()


@pytest.mark.parametrize(
    ("measure", "hits"),
    [
        ("count(size)", {1}),
        ("distinct_count(size)", set()),
        ("count_if(size='2' or a='y')", {1}),
        ("count_if(size>2)", set()),
        ("sum(size)", {0, 1}),
        ("min(size)", {0, 1}),
        ("avg(size)", {0, 1}),
    ],
)
def test_dql_measures(measure: str, hits: set[int]) -> None:
    rows = at(0, 1, a="x", h="h", size="2")
    assert found("dnif-dql", DQL.replace("count(*)", measure), rows) == hits


def test_dql_without_groups_is_one_group_or_returns_events() -> None:
    rows = [*at(0, a="x", h="h"), *at(1, a="x", h="i")]
    whole = DQL.replace(" | groupby h", "").replace("select h, ", "select ")
    assert found("dnif-dql", whole, rows) == {1}
    assert found("dnif-dql", "stream=s where a='x' | duration 1m | limit 100", rows) == {0, 1}


def test_dql_asks_for_several_rules_of_a_group() -> None:
    query = (
        "stream=s where a='x' or a='y' | duration 1m | groupby h | select h, count_if(a='x') as r, "
        "count_if(a='y') as q | having r>0 and q>0 | limit 100"
    )
    rows = [*at(0, a="x", h="h"), *at(1, a="y", h="i"), *at(60, a="y", h="h")]
    assert found("dnif-dql", query, rows) == {2}


def test_a_column_of_which_a_group_has_several_is_not_modelled() -> None:
    refused("dnif-dql", DQL.replace("select h", "select a"), at(0, a="x"), "a group has several")


# -- CAR


def test_a_published_program_finds_hosts_of_several_users() -> None:
    # CAR-2013-02-008.
    program = (
        "users_list = search UserSession:Login\n"
        "users_grouped = group users_list by hostname\n"
        "users_grouped = from users_grouped select min(time) as earliest_time, max(time) as "
        "latest_time count(user) as user_count\n"
        "multiple_logins = filter users_grouped where (latest_time - earliest_time <= 1 hour and "
        "user_count > 1)\n"
        "output multiple_logins\n"
    )
    rows = [
        *at(0, 3600, hostname="a", user="u"),
        *at(0, 3601, hostname="b", user="u"),
        *at(0, hostname="c", user="u"),
        *at(1, hostname="c"),
    ]
    assert found("car", program, rows) == {1}
    elsewhere = [{**row, "$table": "Process:Create"} for row in rows]
    assert found("car", program, elsewhere) == set()


def test_a_published_program_finds_events_of_two_sides() -> None:
    # CAR-2014-12-001, whose conditions are joined by one more `and`.
    program = (
        "processes = search Process:Create\nflows = search Flow:Message\n"
        'child = filter processes where (parent_exe == "wmiprvse.exe")\n'
        "flow = filter flows where (src_port >= 49152 and dest_port >= 49152)\n"
        "remote = join child, flow where (\n"
        "  flow.time < child.time < flow.time + 1sec and\n  flow.hostname == child.hostname\n)\n"
        "output remote\n"
    ).replace("1sec", "2sec")
    child = {"$table": "Process:Create", "parent_exe": "wmiprvse.exe", "hostname": "h"}
    flow = {"$table": "Flow:Message", "src_port": 50000, "dest_port": 50000, "hostname": "h"}
    rows = [*at(0, **flow), *at(0, 1, 2, **child)]
    assert found("car", program, rows) == {2}
    assert found("car", program, [*rows[:3], {**rows[2], "hostname": "H"}]) == {2}
    assert found("car", program, [rows[0], {**rows[2], "hostname": "H"}]) == set()
    assert found("car", program, [{**rows[0], "src_port": 80}, rows[2]]) == set()


CLOSE = (
    "p = search Process:Create\n"
    "g = group p by ppid where (max time between two events is 30 minutes)\n"
)
MEASURED = (
    f"{CLOSE}m = from g select min(time) as a, max(time) as b, count(unique(exe)) as n\n"
    "o = filter m where (n >= 3)\noutput o"
)


def test_a_group_of_close_events_is_cut_in_both_readings() -> None:
    # Neighbours are twenty minutes apart, the first and the last forty.
    rows = [{"t": at_ * 1200, "ppid": 1, "exe": str(at_)} for at_ in range(3)]
    assert found("car", MEASURED, rows) == {2}
    within = MEASURED.replace("(n >= 3)", "(b - a <= 1800 seconds and n >= 2)")
    assert found("car", within, rows) == {1, 2}
    assert found("car", within, [rows[0], {**rows[1], "t": 1801}]) == set()


def test_unique_values_are_counted_once_and_groups_are_apart() -> None:
    rows = [{"t": at_, "ppid": 1, "exe": exe} for at_, exe in enumerate("aabB")]
    assert found("car", MEASURED, rows) == {3}
    rows[-1]["ppid"] = 2
    assert found("car", MEASURED, rows) == set()


def test_an_output_of_groups_has_a_row_for_each() -> None:
    groups = CLOSE.replace(" where (max time between two events is 30 minutes)", "")
    assert found("car", f"{groups}output g", at(0, 9, ppid=1) + at(5, ppid=2)) == {1, 2}
    assert found("car", f"{CLOSE}output g", at(0, 9, ppid=1) + at(5, ppid=2)) == {0, 1, 2}


def test_a_third_side_knows_those_that_were_joined_before() -> None:
    program = (
        "p = search Process:Create\n"
        'a = filter p where (exe == "a")\nb = filter p where (exe == "b")\n'
        'c = filter p where (exe == "c")\n'
        "j = join (a, b) where (a.time <= b.time)\n"
        "k = join (j, c) where (j.b.time <= c.time and c.time <= j.a.time + 10 seconds and "
        "j.a.host == c.host)\noutput k"
    )
    rows = [{"t": time, "exe": exe, "host": "h"} for time, exe in zip((0, 5, 10), "abc")]  # noqa: B905 - the same length
    assert found("car", program, rows) == {2}
    assert found("car", program, [*rows[:2], {**rows[2], "t": 11}]) == set()
    assert found("car", program, [*rows[:2], {**rows[2], "t": 4}]) == set()
    assert found("car", program, [*rows[:2], {**rows[2], "host": "i"}]) == set()
    assert found("car", program.replace("==", "!="), [*rows[:2], {**rows[2], "host": "i"}]) == set()


def test_what_car_does_not_define_is_not_modelled() -> None:
    program = "p = search Process:Create\no = filter p where ({test})\noutput o"
    refused("car", program.format(test="time > now - 1 day"), at(0), "now - 1 day")
    refused("car", program.format(test='time > "soon"'), at(0), "no number")
    refused("car", "p = search A:B\ng = group q by f\noutput g", at(0), "undefined variable q")
    refused("car", "p = search A:B", at(0), "unexpected")
    average = MEASURED.replace("count(unique", "average(unique")
    refused("car", average, at(0), "average of unique values")


# -- Verify

BY_HOST = "group-by: [Computer], timespan: 1m}"
TOGETHER = f"{{type: temporal, rules: [failed, good], {BY_HOST}"
ORDERED = TOGETHER.replace("temporal", "temporal_ordered")
WRITTEN = {
    "logpoint": (COUNT, BOTH, VALUES, TOGETHER, ORDERED),
    "logpoint-sysmon": (COUNT, BOTH, VALUES, TOGETHER, ORDERED),
    "dnif": (COUNT, BOTH, VALUES, TOGETHER),
    "dnif-dql": (COUNT, BOTH, VALUES, TOGETHER),
    "car": (COUNT, BOTH, VALUES, TOGETHER, ORDERED),
}


@pytest.mark.parametrize("target", WRITTEN)
def test_what_the_compiler_writes_finds_no_event_that_is_not_meant(target: str) -> None:
    for correlation in WRITTEN[target]:
        for verdict in verify(correlation, target):
            assert (verdict.status, verdict.claimed) == (Status.KEPT, "narrower"), correlation
            assert verdict.made.missed < verdict.made.meant
            assert (verdict.made.extra, verdict.reason) == (0, "")


FAULTS = [
    (COUNT, "logpoint", "[3 ", "[2 "),
    (COUNT, "logpoint", "within 60 seconds", "within 61 seconds"),
    (COUNT, "logpoint", "within 60 seconds", "within 60 minutes"),
    (COUNT, "logpoint", " having same user", ""),
    (COUNT, "logpoint", " user=*", ""),
    (COUNT, "logpoint", ' "process"="*\\fail.exe"', ""),
    (VALUES, "logpoint", "distinct_count(user)", "count()"),
    (VALUES, "logpoint", " by host", ""),
    (VALUES, "logpoint", "sg_measure >= 3", "sg_measure >= 2"),
    (VALUES, "logpoint", "sg_span <= 3600", "sg_span <= 3601"),
    (VALUES, "logpoint", "sg_last-sg_first", "sg_first-sg_last"),
    (VALUES, "logpoint", " user=*", ""),
    (TOGETHER, "logpoint", "within 60 seconds", "within 61 seconds"),
    (TOGETHER, "logpoint", " on sg1.host=sg2.host", ""),
    (ORDERED, "logpoint", "within 60 seconds", "within 61 seconds"),
    (ORDERED, "logpoint", ' "process"="*\\fail.exe"', ""),
    (COUNT, "dnif", "$Duration=1m", "$Duration=2m"),
    (COUNT, "dnif", " AND $Duration=1m", ""),
    (COUNT, "dnif", ">= 3", ">= 2"),
    (COUNT, "dnif", "count_unique $User", "count_unique $LogName"),
    (COUNT, "dnif", r" AND $User=regex([\s\S]*)", ""),
    (VALUES, "dnif", "\n>>_agg count_unique $SystemName", ""),
    (VALUES, "dnif", "_agg count_unique $SystemName", "_agg count_unique $LogName"),
    (TOGETHER, "dnif", "$SystemName, $Label\n", "$Label\n"),
    (TOGETHER, "dnif", "$Duration=1m", "$Duration=1h"),
    (COUNT, "dnif-dql", "duration 1m", "duration 2m"),
    (COUNT, "dnif-dql", " | duration 1m", ""),
    (COUNT, "dnif-dql", "sg_measure>=3", "sg_measure>=2"),
    (COUNT, "dnif-dql", "groupby user | select user, ", "select "),
    (COUNT, "dnif-dql", " and user is not null", ""),
    (VALUES, "dnif-dql", "distinct_count(user)", "count(user)"),
    (TOGETHER, "dnif-dql", " and sg_rule2>0", ""),
    (TOGETHER, "dnif-dql", "groupby system | select system, ", "select "),
    (COUNT, "car", "latest_time - earliest_time <= 60 seconds", "latest_time >= earliest_time"),
    (COUNT, "car", "measure >= 3", "measure >= 2"),
    (COUNT, "car", "by user", "by exe"),
    (COUNT, "car", " and user exists", ""),
    (BOTH, "car", "<= 300 seconds", "<= 301 seconds"),
    (VALUES, "car", "count(unique(user))", "count(user)"),
    (VALUES, "car", "by fqdn", "by exe"),
    (TOGETHER, "car", "rule1.fqdn == rule2.fqdn and ", ""),
    (TOGETHER, "car", "60 seconds", "61 seconds"),
    (ORDERED, "car", "rule1.time <= rule2.time and ", ""),
    (ORDERED, "car", "60 seconds", "60 minutes"),
]


@pytest.mark.planted
@pytest.mark.parametrize(("correlation", "target", "old", "new"), FAULTS)
def test_a_planted_fault_is_found(
    planted: Callable[..., None], correlation: str, target: str, old: str, new: str
) -> None:
    planted(replaced(old, new))
    for verdict in verify(correlation, target):
        assert verdict.status is Status.BROKEN, verdict.reason
        assert verdict.counterexample is not None
        assert verdict.counterexample.kind == "extra"


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        ("logpoint", "[3 ", "[300 "),
        ("dnif", ">= 3", ">= 300"),
        ("dnif-dql", ">=3", ">=300"),
        ("car", ">= 3", ">= 300"),
    ],
)
def test_a_query_that_finds_nothing_is_noted(
    planted: Callable[..., None], target: str, old: str, new: str
) -> None:
    planted(replaced(old, new))
    for verdict in verify(COUNT, target):
        assert verdict.status is Status.KEPT
        assert verdict.reason.startswith("the query finds none of the ")
        assert verdict.reason.endswith(" events that the correlation means")


@pytest.mark.parametrize("target", ["logpoint", "dnif", "dnif-dql", "car"])
def test_no_window_that_does_not_slide_passes_for_exact(
    planted: Callable[..., None], target: str
) -> None:
    planted(lambda result: replace(result, fidelity=Fidelity.EXACT))
    for verdict in verify(COUNT, target):
        assert verdict.status is Status.BROKEN
        assert verdict.counterexample is not None
        assert verdict.counterexample.kind == "missed"


def test_a_schema_with_tables_has_no_column_of_seconds() -> None:
    assert seconds_column("dnif", 2.0) == {"$CNAMTime": 2}
    assert seconds_column("dnif", 2.5) == {"$CNAMTime": 2.5}
    assert seconds_column("sentinel", 2.0) == {}
