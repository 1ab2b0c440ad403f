"""The smallest event that shows a broken claim, and the leaf that is to blame."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigmaglot import ir
from sigmaglot.compiler import Options, Result, compile_rule
from sigmaglot.evaluate import evaluate
from sigmaglot.explain import leaf_label
from sigmaglot.frontend import Rule
from sigmaglot.ir import Leaf
from sigmaglot.targets import Target
from sigmaglot.verify.claims import breaks
from sigmaglot.verify.engines.model import CannotRunError, Engine, Record, RefusedError
from sigmaglot.verify.projection.common import Project
from sigmaglot.verify.verdict import UNSTATED, Counterexample
from sigmaglot.verify.witnesses import Witness

BLAMED = 40
"""Leaves of a rule that are tried one by one."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An event on which a claim is broken."""

    witness: Witness
    record: Record
    meant: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A rule's queries, and all that is needed to run them again."""

    rule: Rule
    target: Target
    result: Result
    engine: Engine
    project: Project
    options: Options

    @property
    def claim(self) -> str:
        """Return the fidelity that is claimed."""
        return UNSTATED if self.target.is_pysigma else str(self.result.fidelity)

    def is_broken(self, values: Mapping[str, Any]) -> bool:
        """Return whether the claim is broken on an event."""
        meant = evaluate(self.rule.condition, values)
        return breaks(self.claim, meant=meant, found=self.finds(self.result.queries, values))

    def finds(self, queries: Sequence[str], values: Mapping[str, Any]) -> bool:
        """Return whether some query finds an event."""
        dataset = self.engine.load([self.project(values)])
        return any(dataset.find(query) for query in queries)


def smallest(case: Case, suspects: Sequence[Suspect]) -> Counterexample:
    """Return the counterexample of the event with the fewest fields that still shows it."""
    suspect = min(suspects, key=lambda one: (one.witness.leaf is None, len(one.witness.values)))
    values = _shrink(case, suspect.witness.values)
    leaf = _blame(case, suspect.witness, values)
    return Counterexample(
        kind="missed" if suspect.meant else "extra",
        tests=suspect.witness.name,
        event=values,
        record=dict(case.project(values)),
        leaf=leaf_label(leaf) if leaf is not None else "",
        query="\n\n".join(case.result.queries),
        reproduce=_reproduce(case, values),
    )


def _shrink(case: Case, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event without the fields that are not needed to show the fault.

    A field goes only if rule and query stay apart without it, in the same direction.
    """
    kept = dict(values)
    meant = evaluate(case.rule.condition, kept)
    for field in sorted(kept):
        fewer = {name: value for name, value in kept.items() if name != field}
        if evaluate(case.rule.condition, fewer) is meant and case.is_broken(fewer):
            kept = fewer
    return kept


def _blame(case: Case, witness: Witness, values: Mapping[str, Any]) -> Leaf | None:
    """Return the leaf whose own query is wrong on the event, else the one that it tests."""
    if not case.target.is_pysigma:
        for leaf in _candidates(case, witness):
            try:
                if _is_wrong(case, leaf, values):
                    return leaf
            except (CannotRunError, RefusedError):
                continue
    return witness.leaf


def _candidates(case: Case, witness: Witness) -> Iterator[Leaf]:
    if witness.leaf is not None:
        yield witness.leaf
    yield from list(dict.fromkeys(ir.leaves(case.rule.condition)))[:BLAMED]


def _is_wrong(case: Case, leaf: Leaf, values: Mapping[str, Any]) -> bool:
    result = compile_rule(case.rule, leaf, case.target, case.options)
    if not result.ok:
        return False
    meant = evaluate(leaf, values)
    return breaks(str(result.fidelity), meant=meant, found=case.finds(result.queries, values))


def _reproduce(case: Case, values: Mapping[str, Any]) -> str:
    event = json.dumps(values, ensure_ascii=False)
    words = ("sigmaglot", "verify", case.rule.info.path, "-t", case.target.name)
    return shlex.join((*words, "--engine", case.engine.name, "--event", event))
