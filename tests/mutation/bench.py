"""The rules that mutants are tried on, and what the program makes of them without any fault."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any

from mutation import program
from mutation.mutants import ROOT, Function, Mutant

PATHS = ("tests/features", "sigma_rules/windows")
"""Features first: they are small, and made for one thing each."""
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"
PAIRS = ("splunk_security/spl", "logpoint_security/logpoint", "elastic_security/kibana_kql")
"""Mappings that no named target uses, with their languages."""
CLOSEST = "closest"
POLICIES = (CLOSEST, "narrower", "broader")
"""What a user may ask of a query: a fault may widen a query that is broader anyway, unseen, and
show in the narrower one of the same rule."""
SLOW = ("kibana", "elastic_security/kibana_kql")
"""Targets whose engines take longest, so they are tried last."""

Compiled = tuple[tuple[str, ...], str]
"""The queries of a rule, and the claim."""


@dataclass(frozen=True)
class Case:
    """One rule of the set, and the fields that it names."""

    document: Any
    rule: Any
    fields: frozenset[str]


@dataclass(frozen=True)
class Original:
    """What a rule becomes without a fault, and the functions that made it."""

    case: Case
    compiled: Compiled
    reached: frozenset[Function]


@dataclass(frozen=True)
class Bench:
    """What trials share; made once, before they begin.

    Attributes:
        modules: The program without a fault.
        cases: The rules.
        targets: By name, the slow ones last.
        originals: Target and policy to the rules for which the policy matters, compiled.
        at_import: Functions that run when modules are loaded: every rule may meet their work.
        pipelines: The user's pySigma pipelines.
    """

    modules: dict[str, Any]
    cases: tuple[Case, ...]
    targets: dict[str, Any]
    originals: dict[tuple[str, str], list[Original]]
    at_import: frozenset[Function]
    pipelines: Sequence[Any]

    def reached(self, mutant: Mutant) -> Iterator[tuple[Any, str, list[Original]]]:
        """Yield targets and policies with those rules whose compilation passes a fault."""
        for policy in POLICIES:
            for target in self._targets_of(mutant.place.part):
                originals = self.originals[target.name, policy]
                found = [one for one in originals if self._passes(one, mutant)]
                if found:
                    yield target, policy, found

    def _targets_of(self, part: str) -> list[Any]:
        """Return the targets that a language or a mapping serves; all for a shared part."""
        targets = self.targets.values()
        own = [one for one in targets if part in {one.language, f"{one.pipeline}.yml"}]
        return own or list(targets)

    def _passes(self, original: Original, mutant: Mutant) -> bool:
        place = mutant.place
        if place.field:
            return place.field in original.case.fields
        always = place.function is None or place.function in self.at_import
        return always or place.function in original.reached

    def compiled(
        self, modules: dict[str, Any], target: Any, policy: str, cases: Iterable[Case]
    ) -> Iterator[Compiled]:
        """Yield what a program makes of rules."""
        compiler, options = modules["sigmaglot.compiler"], _options(modules, policy)
        for case in cases:
            result = compiler.compile_rule(
                case.rule, case.rule.condition, target, options, self.pipelines
            )
            yield result.queries, _claim(result)

    def verdicts(self, modules: dict[str, Any], target: Any, policy: str, case: Case) -> list[Any]:
        """Return what our own engines say of one rule and one target."""
        run = modules["sigmaglot.verify.run"]
        request = run.Request((target,), own_engines(), _options(modules, policy))
        return list(run.Verifier(request, pipelines=self.pipelines).verify([case.document]))

    def add_originals(self, target: Any) -> None:
        """Compile the rules without a fault.

        Under another policy only what is not exact anyway, and does not obey it by itself.
        """
        closest = [self._original(target, CLOSEST, case) for case in self.cases]
        self.originals[target.name, CLOSEST] = closest
        for policy in POLICIES[1:]:
            self.originals[target.name, policy] = [
                self._original(target, policy, one.case)
                for one in closest
                if one.compiled[1] not in {"exact", policy}
            ]

    def _original(self, target: Any, policy: str, case: Case) -> Original:
        for one in _cached_functions():
            one.cache_clear()
        with Trace() as trace:
            (compiled,) = self.compiled(self.modules, target, policy, [case])
        return Original(case, compiled, frozenset(trace.functions))


class Trace:
    """Notes which functions of the program are called."""

    def __init__(self) -> None:
        self.functions: set[Function] = set()

    def __enter__(self) -> Trace:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, argument: Any) -> None:
        self.functions.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))


@cache
def _cached_functions() -> list[Any]:
    """Return the functions that remember what they returned; their calls would go unseen."""
    modules = [module for name, module in sys.modules.items() if _may_hold_faults(name)]
    values = [value for module in modules for value in vars(module).values()]
    return [value for value in values if hasattr(value, "cache_clear")]


def _may_hold_faults(name: str) -> bool:
    packages = ("sigmaglot_backends", "sigmaglot.language", "sigmaglot.pipelines.rewrites")
    return name.startswith(packages)


def _options(modules: dict[str, Any], policy: str) -> Any:
    compiler = modules["sigmaglot.compiler"]
    return compiler.Options(compiler.Policy(policy))


def _claim(result: Any) -> str:
    codes = ",".join(one.code for one in result.diagnostics)
    return str(result.fidelity) if result.ok else f"{result.fidelity} {codes}"


def make_bench() -> Bench:
    """Read the rules, and compile them for every target."""
    with Trace() as trace:
        modules = program.load_modules()
        targets = modules["sigmaglot.targets"]
        found = targets.find_targets(("all", *PAIRS))
        for target in found:
            targets.load_language(target.language)
    found = sorted(found, key=lambda target: target.name in SLOW)
    pipelines, cases = _read_cases(modules)
    at_import = frozenset(trace.functions)
    bench = Bench(modules, cases, {one.name: one for one in found}, {}, at_import, pipelines)
    for target in found:
        bench.add_originals(target)
        bench.verdicts(modules, target, CLOSEST, cases[0])  # loads the engines beforehand
    return bench


def _read_cases(modules: dict[str, Any]) -> tuple[Sequence[Any], tuple[Case, ...]]:
    from sigmaglot.frontend import Rule, load_pipelines
    from sigmaglot.source import read_documents

    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    seen: dict[str, str] = {}
    cases = []
    for document in read_documents(list(PATHS)):
        rule = modules["sigmaglot.compiler"].read_rule(document, pipelines, seen)
        if isinstance(rule, Rule):  # verify passes over correlations, as read_rule does
            cases.append(Case(document, rule, _fields(rule.condition)))
    return pipelines, tuple(cases)


def _fields(condition: Any) -> frozenset[str]:
    from sigmaglot import ir

    leaves = list(ir.leaves(condition))
    others = {str(leaf.other) for leaf in leaves if isinstance(leaf, ir.FieldMatch)}
    return frozenset({ir.field_name(leaf) for leaf in leaves} | others)


@cache
def own_engines() -> tuple[str, ...]:
    """Return the names of our own readers: they are always there, and start at once."""
    from sigmaglot.verify.engines.registry import engine_names

    return tuple(name for name in engine_names() if "-model" in name)
