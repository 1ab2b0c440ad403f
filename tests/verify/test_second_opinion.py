"""ClickHouse's opinion of the rules' and the features' queries for Defender, beside our reader's.

Skipped where the package `chdb` is not installed: `.ci/run` installs it where a wheel exists.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from sigmaglot.frontend import load_pipelines
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import FAILURES, Status, Verdict

if find_spec("chdb") is None:
    pytest.skip("the package chdb is not installed", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("sigma_rules/windows", "tests/features")
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"
ENGINES = ("kusto-model", "kusto-chdb")


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    documents = list(read_documents([str(ROOT / path) for path in PATHS]))
    request = Request((TARGETS["defender"],), ENGINES)
    return list(Verifier(request, pipelines=pipelines).verify(documents))


def of(engine: str, verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {one.info.path: one for one in verdicts if one.engine and one.engine.name == engine}


def test_no_claim_is_broken(verdicts: list[Verdict]) -> None:
    assert [one for one in verdicts if one.status in FAILURES] == []


def test_the_two_engines_agree_wherever_both_have_an_answer(verdicts: list[Verdict]) -> None:
    ours, theirs = (of(engine, verdicts) for engine in ENGINES)
    assert ours.keys() == theirs.keys()
    answered = [path for path in theirs if theirs[path].status is not Status.NOT_RUN]
    assert len(answered) >= 0.95 * len(ours)
    for path in answered:
        assert theirs[path].status is ours[path].status
        assert theirs[path].observed == ours[path].observed


def test_what_clickhouse_does_not_run_has_a_reason(verdicts: list[Verdict]) -> None:
    for one in of("kusto-chdb", verdicts).values():
        assert bool(one.reason) == (one.status is Status.NOT_RUN), one.info.path
