"""Correlations over correlations: their queries are held to their meaning, and faults are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from correlation_helpers import replaced, verify
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigmaglot.compiler import Result
from sigmaglot.verify.verdict import Status

INNER = {
    "many": "{type: event_count, rules: [failed], group-by: [User], timespan: 1m, condition: {gte: 3}}",
    "pair": "{type: temporal, rules: [failed, good], group-by: [User], timespan: 1m}",
    "apart": "{type: temporal, rules: [failed, looked], group-by: [Computer], timespan: 1m}",
    "few": "{type: event_count, rules: [good], timespan: 1m, condition: {lte: 2}}",
    "then": "{type: temporal_ordered, rules: [many, good], group-by: [User], timespan: 5m}",
}
THEN = "{type: temporal_ordered, rules: [many, good], group-by: [User], timespan: 5m}"
HOSTS = (
    "{type: value_count, rules: [pair], group-by: [User], timespan: 1h, "
    "condition: {gte: 2, field: Computer}}"
)
APART = "{type: event_count, rules: [apart], timespan: 1h, condition: {gte: 3}}"
SUM = (
    "{type: value_sum, rules: [many], group-by: [Computer], timespan: 1h, "
    "condition: {lt: 9000, field: ProcessId}}"
)
BESIDE = "{type: temporal, rules: [many, few, looked], timespan: 5m}"
ALIASES = (
    "{type: temporal, rules: [many, good], group-by: [who], timespan: 5m, "
    "aliases: {who: {many: User, good: ParentUser}}}"
)
OVER_DEEP = "{type: temporal, rules: [then, looked], timespan: 30m}"
ENGINES = {"splunk": ["spl-model"], "defender": ["kusto-model", "kusto-duckdb"]}


def below(correlation: str) -> str:
    """Return the documents of the correlations that one is over; others would be compiled too."""
    found = [name for name in INNER if f"[{name}," in correlation or f" {name}," in correlation]
    found += [name for name in INNER if f"[{name}]" in correlation]
    texts = (
        f"{below(INNER[name])}title: I\nname: {name}\ncorrelation: {INNER[name]}\n---\n"
        for name in found
    )
    return "".join(texts)


@pytest.mark.parametrize("target", sorted(ENGINES))
@pytest.mark.parametrize("correlation", [THEN, HOSTS, APART, SUM, BESIDE, ALIASES, OVER_DEEP])
def test_what_the_compiler_writes_is_kept_by_every_engine(correlation: str, target: str) -> None:
    verdicts = [one for one in verify(correlation, target, more=below(correlation)) if one.engine]
    assert [one.engine.name for one in verdicts if one.engine] == ENGINES[target]
    for verdict in verdicts:
        assert verdict.status is Status.KEPT, verdict.reason
        assert verdict.observed == verdict.claimed == "exact"
        assert verdict.made.events > verdict.made.meant > 0
        assert verdict.untold == ()


FAULTS = [
    (THEN, "splunk", "sg1_measure>=3", "sg1_measure>=2"),
    (THEN, "splunk", "sg1_measure>=3", "sg1_measure>=4"),
    (THEN, "splunk", "time_window=60s", "time_window=59s"),
    (THEN, "splunk", "time_window=60s", "time_window=61s"),
    (THEN, "splunk", "as sg1_measure by sg1_in sg1_group1\n", "as sg1_measure by sg1_in\n"),
    (THEN, "splunk", "sg1_in=0 OR (sg1_measure>=3)", "sg1_measure>=3"),
    (THEN, "splunk", "sg1_in=0 OR (sg1_measure>=3)", "sg1_in=0"),
    (THEN, "splunk", "sg1_in=0 OR (sg1_measure>=3)", "sg1_in<2"),
    (THEN, "splunk", "<=300,", "<=299,"),
    (THEN, "splunk", "sg_rule=2, sg_time1", "sg_rule=2, _time"),
    (THEN, "splunk", '*\\\\fail.exe"', '*\\\\f*.exe"'),
    (HOSTS, "splunk", "sg1_measure>=2", "sg1_measure>=1"),
    (HOSTS, "splunk", "by _time sg1_group1", "by sg1_group1"),
    (HOSTS, "splunk", "dc(sg_value)", "count"),
    (APART, "splunk", "sg_measure>=3", "sg_measure>=2"),
    (APART, "splunk", "sg1_group1=Computer", 'sg1_group1="x"'),
    (SUM, "splunk", "sg_measure<9000", "sg_measure<=9000"),
    (BESIDE, "splunk", "sg2_measure<=2", "sg2_measure<=3"),
    (ALIASES, "splunk", "sg_group1=ParentUser", "sg_group1=User"),
    (THEN, "defender", "sg1_measure >= 3", "sg1_measure >= 2"),
    (THEN, "defender", "- 60s", "- 59s"),
    (THEN, "defender", "- 60s", "- 61s"),
    (THEN, "defender", "- 300s", "- 301s"),
    (THEN, "defender", "sg1_group1 = tostring(AccountDomain)", 'sg1_group1 = "x"'),
    (THEN, "defender", "| where sg1_measure >= 3\n", ""),
    (THEN, "defender", "sg_rule = 1),", "sg_rule = 2),"),
    (HOSTS, "defender", "count_distinct(sg1_past_rule)", "count()"),
    (HOSTS, "defender", "sg_value = tostring(DeviceName)", "sg_value = tolower(DeviceName)"),
    (SUM, "defender", "sum(sg_past_value)", "avg(sg_past_value)"),
    (BESIDE, "defender", "sg2_measure <= 2", "sg2_measure < 2"),
]


@pytest.mark.planted
@pytest.mark.parametrize(("correlation", "target", "old", "new"), FAULTS)
def test_a_planted_fault_is_found(
    planted: Callable[..., None], correlation: str, target: str, old: str, new: str
) -> None:
    planted(replaced(old, new))
    (verdict,) = verify(correlation, target, ENGINES[target][0], more=below(correlation))
    assert verdict.status is Status.BROKEN, verdict.reason
    assert verdict.counterexample is not None
    assert 0 < len(verdict.counterexample.stream) <= 8


def test_an_event_that_is_counted_twice_is_found_by_every_engine(
    planted: Callable[..., None],
) -> None:
    # Both inner correlations come true at an event of `failed` and `good`; `event_count` counts it
    # once, the queries twice. So the claim is broader, and exact would be broken.
    twice = "{type: event_count, rules: [pair, many], timespan: 1h, condition: {gte: 5}}"
    for verdict in verify(twice, "defender", more=below(twice)):
        if verdict.engine and verdict.engine.name != "kusto-binder":
            assert (verdict.status, verdict.claimed) == (Status.KEPT, "broader")
            assert verdict.observed == "broader"


def test_kibana_is_held_to_what_its_record_says_of_both_levels(
    planted: Callable[..., None],
) -> None:
    # Only names of computers are stored in one column whose case is kept.
    hosts = "{type: temporal, rules: [apart, looked], group-by: [Computer], timespan: 1h}"
    for verdict in verify(hosts, "kibana", more=below(hosts)):
        assert verdict.status is Status.KEPT
        assert verdict.made.meant > 0

    def wrong(result: Result) -> Result:
        assert result.correlation is not None
        inner = result.correlation["branches"][0]["correlation"]
        inner["timespan_seconds"] = 30
        return result

    planted(wrong)
    for verdict in verify(hosts, "kibana", more=below(hosts)):
        assert verdict.status is Status.BROKEN


def test_a_field_that_events_do_not_have_is_said() -> None:
    (verdict,) = verify(THEN.replace("User", "NewProcessName"), "splunk", more=below(THEN))
    assert verdict.status is Status.NOT_RUN
    assert verdict.reason == "events of process_creation have no `NewProcessName`"


SYSMON = "Microsoft-Windows-Sysmon/Operational"
EVENTS = st.builds(
    lambda rule, second, user, computer, number: {
        "Channel": SYSMON,
        "UtcTime": f"2026-11-21 10:0{second // 60}:{second % 60:02}.000",
        "User": f"D\\{user}",
        "Computer": computer,
        "ProcessId": str(number),
        **rule,
    },
    st.sampled_from(
        [
            {"EventID": "1", "Image": "C:\\fail.exe"},
            {"EventID": "1", "Image": "C:\\good.exe"},
            {"EventID": "22", "Image": "C:\\a.exe", "QueryName": "an.example"},
        ]
    ),
    st.sampled_from([0, 1, 30, 60, 61, 90, 120, 300, 301, 359]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["one", "two"]),
    st.integers(1, 9),
)


@st.composite
def trees(draw: Any, depth: int = 2) -> tuple[str, str]:
    """Draw a correlation, and the documents of those that it is over."""
    more, rules = "", []
    for name in draw(
        st.lists(st.sampled_from(["failed", "good"]), min_size=1, max_size=2, unique=True)
    ):
        rules.append(name)
    if depth:
        text, documents = draw(trees(depth - 1))
        inner = f"inner{depth}"
        more = f"{documents}title: I\nname: {inner}\ncorrelation: {text}\n---\n"
        rules = draw(st.sampled_from([[inner], [inner, rules[0]], [rules[0], inner]]))
    kind = draw(
        st.sampled_from(["event_count", "value_count", "temporal", "temporal_ordered", "value_sum"])
    )
    group = draw(st.sampled_from(["", "group-by: [User], ", "group-by: [User, Computer], "]))
    number = draw(st.integers(1, 4))
    field = {"value_count": ", field: Computer", "value_sum": ", field: ProcessId"}.get(kind, "")
    condition = "" if kind.startswith("temporal") else f"condition: {{gte: {number}{field}}}, "
    span = draw(st.sampled_from(["30s", "1m", "5m"]))
    return (
        f"{{type: {kind}, rules: [{', '.join(rules)}], {group}{condition}timespan: {span}}}",
        more,
    )


@pytest.mark.parametrize("target", sorted(ENGINES))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees(), st.lists(EVENTS, min_size=3, max_size=14))
def test_any_nesting_keeps_its_claim_on_any_stream(
    target: str, tree: tuple[str, str], events: list[dict[str, Any]]
) -> None:
    correlation, more = tree
    (verdict,) = verify(correlation, target, ENGINES[target][0], more=more, given=tuple(events))
    assert verdict.status in {Status.KEPT, Status.UNSUPPORTED}, (correlation, verdict)
    if verdict.status is Status.UNSUPPORTED:
        assert "counted once for each" in verdict.diagnostics[0].message
    elif verdict.claimed == "exact":
        assert (verdict.made.missed, verdict.made.extra) == (0, 0)
    else:
        assert (verdict.claimed, verdict.made.missed) == ("broader", 0)
