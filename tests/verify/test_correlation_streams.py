"""Correlations are held to their meaning on streams of events: planted faults are found."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner
from correlation_helpers import BOTH, COUNT, RULES, VALUES, documents, replaced, verify

from sigmaglot import compiler
from sigmaglot.cli import cli
from sigmaglot.compiler import Result
from sigmaglot.events import Recorded
from sigmaglot.passes.legalise import Fidelity
from sigmaglot.targets import find_targets
from sigmaglot.verify import correlations
from sigmaglot.verify.engines.model import CannotRunError
from sigmaglot.verify.request import Request
from sigmaglot.verify.run import Verifier
from sigmaglot.verify.verdict import Status, Verdict

SUM = (
    "{type: value_sum, rules: [failed], group-by: [Computer], timespan: 1h, "
    "condition: {gte: 1000, field: ProcessId}}"
)
AVERAGE = "{type: value_avg, rules: [failed], timespan: 1h, condition: {lt: 9, field: ProcessId}}"
FEW = "{type: event_count, rules: [failed], timespan: 1m, condition: {gt: 1, lte: 3}}"
TOGETHER = "{type: temporal, rules: [failed, looked], group-by: [Computer], timespan: 1m}"
ORDERED = (
    "{type: temporal_ordered, rules: [failed, good], group-by: [who], timespan: 1m, "
    "aliases: {who: {failed: User, good: ParentUser}}}"
)
MEDIAN = (
    "{type: value_median, rules: [failed], group-by: [Computer], timespan: 1h, "
    "condition: {gte: 100, field: ProcessId}}"
)
SHARE = "{type: value_percentile, rules: [failed], timespan: 1h, condition: {lte: 20, field: User}}"
ALL = (COUNT, BOTH, VALUES, SUM, AVERAGE, FEW, TOGETHER, ORDERED, MEDIAN, SHARE)
ENGINES = {"splunk": ("spl-model",), "defender": ("kusto-model", "kusto-duckdb")}


@pytest.mark.parametrize("correlation", ALL)
@pytest.mark.parametrize("target", ["splunk", "defender"])
def test_what_the_compiler_writes_is_kept_by_every_engine_that_can_count(
    correlation: str, target: str
) -> None:
    verdicts = verify(correlation, target)
    ran = [one for one in verdicts if one.engine and one.engine.name in ENGINES[target]]
    assert [one.status for one in ran] == [Status.KEPT] * len(ENGINES[target])
    for verdict in ran:
        assert verdict.observed == verdict.claimed == "exact"
        assert verdict.made.events > verdict.made.meant > 0


FAULTS = [
    (COUNT, "splunk", "sg_measure>=3", "sg_measure>3"),
    (COUNT, "splunk", "time_window=60s", "time_window=60m"),
    (COUNT, "splunk", "time_window=60s", "time_window=59s"),
    (COUNT, "splunk", "time_window=60s", "time_window=61s"),
    (COUNT, "splunk", " by sg_group1\n", "\n"),
    (COUNT, "splunk", "max(sg_measure)", "min(sg_measure)"),
    (BOTH, "splunk", ', "*\\\\good.exe"', ""),
    (BOTH, "splunk", "sg_measure>2", "sg_measure>=2"),
    (VALUES, "splunk", "dc(sg_value)", "count"),
    (VALUES, "splunk", "sg_value=User", "sg_value=lower(User)"),
    (SUM, "splunk", "sum(sg_value)", "max(sg_value)"),
    (AVERAGE, "splunk", "sg_measure<9", "sg_measure<=9"),
    (FEW, "splunk", "sg_measure<=3", "sg_measure<3"),
    (TOGETHER, "splunk", "EventCode=22", "EventCode=1"),
    (TOGETHER, "splunk", "<=60,", "<=3600,"),
    (ORDERED, "splunk", "sg_rule=2, sg_time1", "sg_rule=2, _time"),
    (ORDERED, "splunk", "sg_group1=ParentUser", "sg_group1=User"),
    (ORDERED, "splunk", "| sort 0 _time sg_rule", "| sort 0 _time"),
    (MEDIAN, "splunk", "sg_value<100", "sg_value<=100"),
    (MEDIAN, "splunk", "<50*", "<=50*"),
    (SHARE, "splunk", " by sg_value\n", "\n"),
    (MEDIAN, "defender", "sg_past_value < 100", "sg_past_value <= 100"),
    (SHARE, "defender", "sg_measure <= 20", "sg_measure < 20"),
    (COUNT, "defender", "sg_measure >= 3", "sg_measure > 3"),
    (COUNT, "defender", "- 60s", "- 60m"),
    (COUNT, "defender", "- 60s", "- 59s"),
    (COUNT, "defender", "tostring(AccountDomain)", '"x"'),
    (COUNT, "defender", "tostring(AccountName)", '"x"'),
    (VALUES, "defender", "count_distinct(sg_past_value)", "count()"),
    (SUM, "defender", "sum(sg_past_value)", "avg(sg_past_value)"),
    (TOGETHER, "defender", "count_distinct(sg_past_rule)", "count()"),
    (ORDERED, "defender", "between (sg_time1 .. sg_time)", "between (sg_time - 60s .. sg_time)"),
    (ORDERED, "defender", "InitiatingProcessAccountName", "AccountName"),
]


@pytest.mark.planted
@pytest.mark.parametrize(("correlation", "target", "old", "new"), FAULTS)
def test_a_planted_fault_is_found(
    planted: Callable[..., None], correlation: str, target: str, old: str, new: str
) -> None:
    planted(replaced(old, new))
    (verdict,) = verify(correlation, target, ENGINES[target][0])
    assert verdict.status is Status.BROKEN, verdict.reason
    assert verdict.counterexample is not None
    assert 0 < len(verdict.counterexample.stream) <= 5


@pytest.mark.parametrize(
    ("old", "new"), [("- 60s", "- 60m"), ("sg_measure >= 3", "sg_measure > 3")]
)
def test_a_fault_is_found_by_the_independent_engine_too(
    planted: Callable[..., None], old: str, new: str
) -> None:
    planted(replaced(old, new))
    (verdict,) = verify(COUNT, "defender", "kusto-duckdb")
    assert verdict.status is Status.BROKEN, verdict.reason


def test_the_smallest_stream_has_the_events_that_are_needed_and_no_other_field(
    planted: Callable[..., None],
) -> None:
    planted(replaced("sg_measure>=3", "sg_measure>=2"))
    (verdict,) = verify(COUNT, "splunk")
    found = verdict.counterexample
    assert found is not None
    assert found.kind == "extra"
    assert len(found.stream) == len(found.records) == 2
    assert [sorted(one) for one in found.stream] == [["Image", "User", "UtcTime"]] * 2
    assert found.event in found.stream
    assert found.record["_time"] >= found.records[0]["_time"]


def test_a_counterexample_is_shown_again_by_its_own_command_line(
    planted: Callable[..., None],
) -> None:
    planted(replaced("sg_measure>=3", "sg_measure>3"))
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.counterexample is not None
    words = shlex.split(verdict.counterexample.reproduce)
    assert words[:7] == "sigmaglot verify c.yml -t splunk --engine spl-model".split()
    events = tuple(json.loads(word) for word in words[8::2])
    assert events == verdict.counterexample.stream
    (again,) = verify(COUNT, "splunk", "spl-model", given=events)
    assert again.status is Status.BROKEN
    assert again.made.events == 3


def sighting(program: str, time: str, **values: str) -> dict[str, Any]:
    return {"Image": f"C:\\{program}.exe", "UtcTime": f"2026-11-21 10:{time}.000", **values}


def test_given_events_are_one_stream() -> None:
    given = tuple(sighting("fail", time, User="A\\b") for time in ("00:00", "00:30", "01:00"))
    (verdict,) = verify(COUNT, "splunk", given=given)
    assert (verdict.made.events, verdict.made.meant) == (3, 1)
    late = (*given[:2], sighting("fail", "01:01", User="A\\b"))
    (verdict,) = verify(COUNT, "splunk", given=late)
    assert (verdict.status, verdict.made.meant) == (Status.KEPT, 0)


def test_given_events_without_a_time_are_not_run() -> None:
    (verdict,) = verify(COUNT, "splunk", given=({"Image": "C:\\fail.exe"},))
    assert verdict.status is Status.NOT_RUN
    assert "UtcTime" in verdict.reason


def test_events_of_several_log_sources_must_tell_which_they_are_of() -> None:
    (verdict,) = verify(TOGETHER, "splunk", given=(sighting("fail", "00:00"),))
    assert verdict.status is Status.NOT_RUN
    assert "Channel" in verdict.reason


@pytest.mark.parametrize(
    ("fidelity", "status"),
    [
        (Fidelity.EXACT, Status.BROKEN),
        (Fidelity.BROADER, Status.KEPT),
        (Fidelity.NARROWER, Status.BROKEN),
    ],
)
def test_a_query_that_finds_more_keeps_only_the_claim_that_says_so(
    planted: Callable[..., None], fidelity: Fidelity, status: Status
) -> None:
    wider = replaced("sg_measure>=3", "sg_measure>=2")
    planted(lambda result: replace(wider(result), fidelity=fidelity))
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.status is status
    assert verdict.observed == "broader"


def test_recorded_events_are_one_stream_of_their_own() -> None:
    sysmon = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1}
    times = ("00:00", "00:10", "00:20", "09:00")
    recorded = [
        Recorded(time, {**sysmon, **sighting("fail", time, User="A\\b")}, "e") for time in times
    ]
    recorded.append(Recorded("other", {**recorded[0].values, "Channel": "System"}, "e"))
    asked = Request(find_targets(("splunk",)), given=())
    found = [
        one for one in Verifier(asked, recorded).verify(documents(COUNT)) if one.info.title == "C"
    ]
    assert [(one.recorded.events, one.recorded.meant) for one in found] == [(4, 1)]


def test_kibana_is_held_to_the_record_that_describes_the_correlation(
    planted: Callable[..., None],
) -> None:
    for verdict in verify(COUNT, "kibana"):
        assert verdict.status is Status.KEPT
        assert verdict.made.meant > 0

    def wrong(result: Result) -> Result:
        assert result.correlation is not None
        return replace(result, correlation={**result.correlation, "timespan_seconds": 30})

    planted(wrong)
    for verdict in verify(COUNT, "kibana"):
        assert verdict.status is Status.BROKEN


def test_an_engine_that_cannot_count_is_not_run_and_says_why(
    planted: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sigmaglot.verify.engines import streams

    monkeypatch.setattr(streams, "_RUNS", {})
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.status is Status.NOT_RUN
    assert verdict.reason == "spl-model looks at one event at a time, so it cannot count"


def test_a_form_that_an_engine_does_not_model_is_not_run(planted: Callable[..., None]) -> None:
    planted(replaced("streamstats ", "streamstats reset_on_change=t "))
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.status is Status.NOT_RUN
    assert "reset_on_change" in verdict.reason


def test_an_engine_that_fails_loses_one_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> frozenset[int]:
        raise ZeroDivisionError("x")

    monkeypatch.setattr(correlations, "find_in_stream", broken)
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.status is Status.FAILED
    assert verdict.reason == "internal error of spl-model: ZeroDivisionError: x"


def test_streams_that_an_engine_takes_one_by_one_give_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def verdict() -> Verdict:
        return verify(COUNT, "defender", "kusto-duckdb")[0]

    together = verdict()
    monkeypatch.setattr(correlations, "SLOW", frozenset())
    assert verdict().made == together.made
    assert together.made.meant > 0


def test_a_correlation_that_needs_a_stream_too_long_is_not_run() -> None:
    (verdict,) = verify(COUNT.replace("gte: 3", "gte: 100000"), "splunk")
    assert verdict.status is Status.NOT_RUN
    assert "no stream of at most" in verdict.reason


def test_a_correlation_without_a_query_keeps_the_reason_of_the_compiler() -> None:
    (verdict,) = verify(COUNT.replace("event_count", "temporal").replace("gte: 3", "gte: 1"), "car")
    if verdict.status is Status.UNSUPPORTED:
        assert verdict.diagnostics[0].code in {"SG202", "SG307"}
    nested = "{type: temporal, rules: [failed, nothing], timespan: 1m}"
    found = list(Verifier(Request(find_targets(("splunk",)))).verify(documents(nested)))
    assert found[-1].status is Status.BAD_RULE
    assert found[-1].diagnostics[0].code == "SG143"


@pytest.mark.parametrize(
    "correlation", [VALUES.replace("Computer", "User"), COUNT.replace("gte: 3", "gt: 3, lt: 3")]
)
def test_a_correlation_that_can_never_come_true_is_not_run(correlation: str) -> None:
    (verdict,) = verify(correlation, "splunk")
    assert verdict.status is Status.NOT_RUN
    assert "no stream of at most" in verdict.reason


def test_a_correlation_that_comes_true_on_no_stream_is_told(
    planted: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(replaced("sg_measure>=3", "sg_measure>=300"))
    monkeypatch.setattr(correlations.Meaning, "of", lambda *_: frozenset())
    (verdict,) = verify(COUNT, "splunk")
    assert verdict.status is Status.KEPT
    assert verdict.untold == (correlations.NEVER,)


def test_the_compiler_is_what_is_tested() -> None:
    assert correlations.compile_correlation is compiler.compile_correlation


def test_the_reports_show_a_correlation_with_its_stream(
    planted: Callable[..., None], tmp_path: Any
) -> None:
    planted(replaced("sg_measure>=3", "sg_measure>3"))
    path = tmp_path / "c.yml"
    path.write_text(f"{RULES}title: C\ncorrelation: {COUNT}\n", encoding="utf-8")
    run = partial(CliRunner().invoke, cli)
    done = run(["verify", str(path), "-t", "splunk"])
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert lines[0] == f"broken: {path} for splunk (spl-model)"
    assert lines[1] == (
        "claimed exact, observed narrower: the query does not find an event at which the "
        "correlation comes true"
    )
    first = next(at for at, line in enumerate(lines) if line.startswith("stream:"))
    assert [line.startswith('{"') for line in lines[first + 1 : first + 3]] == [True, True]
    done = run(["verify", str(path), "-t", "splunk", "-f", "json"])
    broken = [one for one in json.loads(done.stdout) if one["status"] == "broken"]
    assert [len(one["counterexample"]["stream"]) for one in broken] == [3]
    done = run(["verify", str(path), "-t", "splunk", "-f", "junit"])
    assert "<failure" in done.stdout


def test_the_engine_over_streams_says_what_it_cannot_run() -> None:
    from sigmaglot.verify.engines.kusto_duckdb_streams import find_in_stream

    with pytest.raises(CannotRunError, match="not checked"):
        find_in_stream("DeviceProcessEvents | join kind=leftouter (DeviceFileEvents) on DeviceName", [], "defender_xdr")  # fmt: skip
