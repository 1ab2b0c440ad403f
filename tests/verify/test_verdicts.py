"""Verdicts: a claim that an event breaks is found, shown by the smallest event, and blamed."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from verify_helpers import document, selection, verify

from sigmaglot import compiler
from sigmaglot.compiler import Result, compile_rule
from sigmaglot.events import Recorded
from sigmaglot.formats.verification import failures_report, text_report
from sigmaglot.passes.legalise import Fidelity
from sigmaglot.targets import find_targets
from sigmaglot.verify import run
from sigmaglot.verify.claims import breaks, finds_nothing
from sigmaglot.verify.engines.model import CannotRunError, RefusedError, Standing
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Status, Tally

TWO = (r"Image|endswith: '\cmd.exe'", "CommandLine|contains: whoami")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch):
    """Change what the compiler writes, or claims, of every rule that is verified."""

    def plant(change) -> None:
        def compiled(*args, **kwargs) -> Result:
            return change(compile_rule(*args, **kwargs))

        monkeypatch.setattr(run, "compile_rule", compiled)

    return plant


def queries(change):
    return lambda result: replace(result, queries=tuple(map(change, result.queries)))


def claim(fidelity: Fidelity):
    return lambda result: replace(result, fidelity=fidelity)


@pytest.mark.parametrize(
    ("fidelity", "allowed"),
    [("exact", set()), ("broader", {"extra"}), ("narrower", {"missed"}), ("unstated", set())],
)
def test_what_a_claim_allows(fidelity: str, allowed: set[str]) -> None:
    assert not breaks(fidelity, meant=True, found=True)
    assert not breaks(fidelity, meant=False, found=False)
    assert breaks(fidelity, meant=True, found=False) is ("missed" not in allowed)
    assert breaks(fidelity, meant=False, found=True) is ("extra" not in allowed)


@pytest.mark.parametrize(
    ("missed", "extra", "observed"),
    [(0, 0, "exact"), (0, 1, "broader"), (1, 0, "narrower"), (1, 1, "neither")],
)
def test_what_events_show(missed: int, extra: int, observed: str) -> None:
    assert Tally(10, 4, missed, extra).observed == observed
    assert Tally(10, 4, missed, extra).agreed == 10 - missed - extra
    assert Tally().observed == "none"


def test_a_query_that_means_its_rule_is_kept() -> None:
    (verdict,) = verify(selection(*TWO), "splunk")
    assert verdict.status is Status.KEPT
    assert (verdict.claimed, verdict.observed) == ("exact", "exact")
    assert verdict.made.events > verdict.made.meant > 0
    assert verdict.engine is not None
    assert verdict.engine.standing == str(Standing.OURS)


def test_a_lost_leaf_is_found_with_the_smallest_event_and_the_leaf(planted) -> None:
    planted(queries(lambda text: text.replace(' CommandLine="*whoami*"', "")))
    (verdict,) = verify(selection(*TWO), "splunk")
    found = verdict.counterexample
    assert verdict.status is Status.BROKEN
    assert verdict.observed == "broader"
    assert found is not None
    assert found.kind == "extra"
    assert found.event == {"Image": "C:\\Example\\cmd.exe"}
    assert found.record["Image"] == "C:\\Example\\cmd.exe"
    assert found.query.endswith('Image="*\\\\cmd.exe"')


def test_the_leaf_whose_own_query_is_wrong_is_blamed(
    planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sigmaglot.verify import counterexample

    def wrong(*args, **kwargs) -> Result:
        result = compile_rule(*args, **kwargs)
        return queries(lambda text: text.replace("whoami", "WHO-AM-I"))(result)

    planted(queries(lambda text: text.replace("whoami", "WHO-AM-I")))
    monkeypatch.setattr(counterexample, "compile_rule", wrong)
    (verdict,) = verify(selection(*TWO), "splunk")
    assert verdict.counterexample is not None
    assert verdict.counterexample.kind == "missed"
    assert verdict.counterexample.leaf == "CommandLine|contains: whoami"


@pytest.mark.parametrize(
    ("fidelity", "status"),
    [
        (Fidelity.EXACT, Status.BROKEN),
        (Fidelity.BROADER, Status.KEPT),
        (Fidelity.NARROWER, Status.BROKEN),
    ],
)
def test_a_query_that_finds_more_keeps_only_the_claim_that_says_so(
    planted, fidelity: Fidelity, status: Status
) -> None:
    planted(
        lambda result: claim(fidelity)(
            queries(lambda text: text.replace(' CommandLine="*whoami*"', ""))(result)
        )
    )
    (verdict,) = verify(selection(*TWO), "splunk")
    assert verdict.status is status


def test_a_query_that_cannot_be_read_is_not_run_and_says_why(planted) -> None:
    planted(queries(lambda text: f"{text} | tstats count"))
    (verdict,) = verify(selection(*TWO), "splunk")
    assert verdict.status is Status.NOT_RUN
    assert "tstats" in verdict.reason


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (CannotRunError("no such form"), Status.NOT_RUN, "no such form"),
        (RefusedError("no such column"), Status.REFUSED, "no such column"),
        (
            ZeroDivisionError("x"),
            Status.FAILED,
            "internal error of spl-model: ZeroDivisionError: x",
        ),
    ],
)
def test_an_engine_that_gives_no_answer_loses_one_verdict(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: Status, reason: str
) -> None:
    def find_all(*_) -> None:
        raise error

    monkeypatch.setattr(run, "find_all", find_all)
    (verdict,) = verify(selection(*TWO), "splunk")
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_rule_without_a_query_keeps_the_reason_of_the_compiler() -> None:
    (verdict,) = verify(selection("Imphash: abc"), "defender", "kusto-model")
    assert verdict.status is Status.UNSUPPORTED
    assert verdict.diagnostics[0].code == "SG202"


def test_a_rule_that_cannot_be_read_is_a_verdict_of_its_own() -> None:
    (verdict,) = verify(document("  s: {a: b}", "other"), "splunk")
    assert verdict.status is Status.BAD_RULE
    assert verdict.diagnostics[0].code == "SG122"


def test_a_language_without_an_engine_is_not_run() -> None:
    (verdict,) = verify(selection(*TWO), "pysigma:eql")
    assert (verdict.status, verdict.reason) == (Status.NOT_RUN, "no engine runs this language")
    assert verdict.claimed == "unstated"


def test_a_category_that_no_projection_has_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from sigmaglot.verify.projection import PROJECTIONS

    monkeypatch.setitem(
        PROJECTIONS, "splunk_sysmon", replace(PROJECTIONS["splunk_sysmon"], categories={})
    )
    (verdict,) = verify(selection(*TWO), "splunk")
    assert verdict.status is Status.NOT_RUN
    assert verdict.reason.startswith("what splunk_sysmon stores of events of (category process_cre")


def test_a_counterexample_is_shown_again_by_its_own_command_line(planted) -> None:
    planted(queries(lambda text: text.replace("whoami", "who")))
    doc = selection(*TWO)
    (verdict,) = verify(doc, "splunk")
    assert verdict.counterexample is not None
    words = shlex.split(verdict.counterexample.reproduce)
    assert words[:7] == "sigmaglot verify rule.yml -t splunk --engine spl-model".split()
    event = json.loads(words[-1])
    (again,) = verify(doc, "splunk", "spl-model", given=(event,))
    assert again.status is Status.BROKEN
    assert again.made.events == 1


def test_recorded_events_are_counted_apart_and_only_those_of_the_log_source() -> None:
    sysmon = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1}
    events = [
        Recorded("hit", {**sysmon, "Image": "C:\\cmd.exe", "CommandLine": "WHOAMI"}, "e"),
        Recorded("no", {**sysmon, "Image": "C:\\cmd.exe", "CommandLine": "dir"}, "e"),
        Recorded("other", {"Channel": "System", "EventID": 1, "Image": "C:\\cmd.exe"}, "e"),
    ]
    verifier = Verifier(Request(find_targets(("splunk",))), events)
    (verdict,) = verifier.verify([selection(*TWO)])
    assert verdict.recorded == Tally(2, 1, 0, 0)


def test_a_recorded_event_can_break_a_claim(planted) -> None:
    planted(queries(lambda text: text.replace("whoami", "dir")))
    values = {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Image": "C:\\cmd.exe",
        "CommandLine": "DIR",
    }
    request = Request(find_targets(("splunk",)), given=())
    verifier = Verifier(request, [Recorded("rec/1", values, "e")])
    (verdict,) = verifier.verify([selection(*TWO)])
    assert verdict.counterexample is not None
    assert verdict.counterexample.tests == "the recorded event `rec/1`"
    assert verdict.counterexample.kind == "extra"


def test_the_compiler_is_what_is_tested() -> None:
    assert run.compile_rule is compiler.compile_rule


def test_security_event_4688_is_verified_in_its_own_schema() -> None:
    for target in ("splunk_security/spl", "logpoint_security/logpoint"):
        (verdict,) = verify(selection(*TWO), target)
        assert verdict.status is Status.KEPT
    for verdict in verify(selection(*TWO), "elastic_security/kibana_kql"):
        assert verdict.status is Status.KEPT


@pytest.mark.parametrize(
    ("claim", "made", "said"),
    [
        ("narrower", Tally(events=9, meant=3, missed=3), "none of the 3 events"),
        ("narrower", Tally(events=9, meant=3, missed=2), ""),
        ("narrower", Tally(events=9, meant=0, missed=0), ""),  # nothing tells
        ("exact", Tally(events=9, meant=3, missed=3), ""),  # each of them breaks the claim anyway
    ],
)
def test_a_narrower_query_finds_something(claim: str, made: Tally, said: str) -> None:
    found = finds_nothing(claim, made, Tally())
    assert said in found
    assert bool(found) == bool(said)


def test_a_recorded_find_is_enough() -> None:
    assert finds_nothing("narrower", Tally(9, 3, 3), Tally(events=5, meant=1)) == ""


def test_a_narrower_query_that_finds_nothing_is_kept_with_a_word(planted) -> None:
    def lose(result: Result) -> Result:
        query = result.queries[0].replace('"whoami"', '"no such text"')
        return replace(result, queries=(query,), fidelity=Fidelity.NARROWER)

    planted(lose)
    (verdict,) = verify(selection(*TWO), "defender", "kusto-model")
    assert verdict.status is Status.KEPT
    assert "finds none of the" in verdict.reason
    assert text_report([verdict]).startswith("note: rule.yml for defender (kusto-model)\n")
    assert "note:" not in failures_report([verdict])
