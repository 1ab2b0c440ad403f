"""The smallest event that shows a broken claim, and the leaf that is to blame."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigmaglot import ir
from sigmaglot.compiler import Options, Result, compile_rule, read_rule
from sigmaglot.errors import Diagnostic
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
    """Return the counterexample of the event with the fewest fields that still shows it.

    An event of another log source stays whole: what it lacks could make it one of the rule's own.
    """
    suspect = min(suspects, key=lambda one: (one.witness.leaf is None, len(one.witness.values)))
    is_own = not suspect.witness.category
    values = _shrink(case, suspect.witness.values) if is_own else dict(suspect.witness.values)
    leaf = _blame(case, suspect.witness, values) if is_own else None
    return Counterexample(
        kind="missed" if suspect.meant else "extra",
        tests=suspect.witness.name,
        event=values,
        record=dict(case.project(values) if is_own else suspect.record),
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
    """Return the leaf whose own query is wrong on the event, else the one that it tests.

    A leaf that has no query of its own comes before one whose query is right.
    """
    refused = None
    for leaf in _candidates(case, witness):
        is_wrong = _is_wrong(case, leaf, values)
        if is_wrong:
            return leaf
        if is_wrong is None and refused is None:
            refused = leaf
    return refused or witness.leaf


def _candidates(case: Case, witness: Witness) -> Iterator[Leaf]:
    if witness.leaf is not None:
        yield witness.leaf
    yield from list(dict.fromkeys(ir.leaves(case.rule.condition)))[:BLAMED]


def _is_wrong(case: Case, leaf: Leaf, values: Mapping[str, Any]) -> bool | None:
    """Return whether a leaf's own query breaks its claim on an event, None where it has none."""
    part = _alone(case.rule, leaf) if case.target.is_pysigma else replace(case.rule, condition=leaf)
    if not isinstance(part, Rule):
        return False
    result = compile_rule(part, part.condition, case.target, case.options)
    claim = UNSTATED if case.target.is_pysigma else str(result.fidelity)
    try:
        found = result.ok and case.finds(result.queries, values)
    except (CannotRunError, RefusedError):
        return None
    meant = evaluate(part.condition, values)
    return breaks(claim, meant=meant, found=found) if result.ok else None


def _alone(rule: Rule, leaf: Leaf) -> Rule | Diagnostic | None:
    """Return the rule of one line of a selection, None for a leaf that is no such line."""
    data, place = rule.document.data, leaf.place
    key = next((step for step in reversed(place) if isinstance(step, str)), "")
    if len(place) < 3:
        return None
    value: Any = data
    for step in place:
        value = value[step]
    detection = {"leaf": {key: value}, "condition": "leaf"}
    document = replace(rule.document, data={**data, "detection": detection})
    return read_rule(document, (), {})


def _reproduce(case: Case, values: Mapping[str, Any]) -> str:
    event = json.dumps(values, ensure_ascii=False)
    paths = dict.fromkeys((case.rule.info.path, *(one.path for one in case.rule.filters)))
    words = ("sigmaglot", "verify", *paths, "-t", case.target.name)
    return shlex.join((*words, "--engine", case.engine.name, "--event", event))
