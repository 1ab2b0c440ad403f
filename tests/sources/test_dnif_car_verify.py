"""The public Windows rules beside process creations, run in models of DNIF and CAR."""

from __future__ import annotations

from pathlib import Path

import pytest
from dnif_car import windows_rules

from sigmaglot.events import Recorded, read_events
from sigmaglot.targets import TARGETS
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import FAILURES, Status

pytestmark = pytest.mark.corpus

STEP = 4
"""Rules between two that are run; `make verify-corpus` runs all."""


@pytest.mark.parametrize("target", ["dnif", "dnif-dql", "car"])
def test_no_engine_breaks_a_claim(corpus: Path, target: str) -> None:
    file = str(corpus / "events" / "sigmahq_regression.ndjson.gz")
    events = [one for one in read_events(file) if isinstance(one, Recorded)]
    rules = [rule for rule in windows_rules() if rule.info.logsource.category != "process_creation"]
    verifier = Verifier(Request((TARGETS[target],)), events)
    verdicts = list(verifier.verify(rule.document for rule in rules[::STEP]))
    assert [one for one in verdicts if one.status in FAILURES] == []
    assert Status.NOT_RUN not in {one.status for one in verdicts}
    assert sum(one.status is Status.KEPT for one in verdicts) > (100 if target != "dnif" else 60)
