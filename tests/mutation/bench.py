"""The rules that mutants are tried on, and what the program makes of them without any fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mutation import program
from mutation.mutants import ROOT

PATHS = (ROOT / "tests" / "features", ROOT / "sigma_rules" / "windows")
"""Features first: they are small, and made for one thing each."""
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"
PAIRS = ("splunk_security/spl", "logpoint_security/logpoint", "elastic_security/kibana_kql")
"""Mappings that no named target uses, with their languages."""
POLICIES = ("closest", "narrower", "broader")
"""What a user may ask of a query: a fault may widen a query that is broader anyway, unseen, and
show in the narrower one of the same rule."""
SLOW = ("kibana", "elastic_security/kibana_kql")
"""Targets whose engines take longest, so they are tried last."""

Compiled = tuple[tuple[str, ...], str]
"""The queries of a rule, and the claim."""


@dataclass(frozen=True)
class Case:
    """One rule of the set."""

    document: Any
    rule: Any


@dataclass(frozen=True)
class Bench:
    """What trials share; made once, before they begin.

    Attributes:
        modules: The program without a fault.
        cases: The rules.
        targets: By name, the slow ones last.
        originals: Target and policy to what each rule becomes, in the order of the cases.
        pipelines: The user's pySigma pipelines.
    """

    modules: dict[str, Any]
    cases: tuple[Case, ...]
    targets: dict[str, Any]
    originals: dict[tuple[str, str], list[Compiled]]
    pipelines: Sequence[Any]

    def targets_of(self, part: str) -> list[Any]:
        """Return the targets that a language or a pipeline serves; all for a shared part."""
        own = [one for one in self.targets.values() if part in {one.language, one.pipeline}]
        return own or list(self.targets.values())

    def compiled(self, modules: dict[str, Any], target: Any, policy: str) -> Iterator[Compiled]:
        """Yield what a program makes of each rule."""
        compiler, options = modules["sigmaglot.compiler"], _options(modules, policy)
        for case in self.cases:
            result = compiler.compile_rule(
                case.rule, case.rule.condition, target, options, self.pipelines
            )
            yield result.queries, _claim(result)

    def verdicts(
        self, modules: dict[str, Any], target: Any, policy: str, case: Case
    ) -> list[Any]:
        """Return what our own engines say of one rule and one target."""
        run = modules["sigmaglot.verify.run"]
        request = run.Request((target,), ENGINES, _options(modules, policy))
        return list(run.Verifier(request, pipelines=self.pipelines).verify([case.document]))


def _options(modules: dict[str, Any], policy: str) -> Any:
    compiler = modules["sigmaglot.compiler"]
    return compiler.Options(compiler.Policy(policy))


def _claim(result: Any) -> str:
    codes = ",".join(one.code for one in result.diagnostics)
    return str(result.fidelity) if result.ok else f"{result.fidelity} {codes}"


def make_bench() -> Bench:
    """Read the rules, and compile them for every target."""
    from sigmaglot.frontend import load_pipelines
    from sigmaglot.source import read_documents
    from sigmaglot.targets import find_targets

    modules = program.load_modules()
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    compiler, seen = modules["sigmaglot.compiler"], {}
    cases = tuple(
        Case(document, compiler.read_rule(document, pipelines, seen))
        for document in read_documents([str(path.relative_to(ROOT)) for path in PATHS])
    )
    found = sorted(find_targets(("all", *PAIRS)), key=lambda target: target.name in SLOW)
    bench = Bench(modules, cases, {one.name: one for one in found}, {}, pipelines)
    for name, target in bench.targets.items():
        for policy in POLICIES:
            bench.originals[name, policy] = list(bench.compiled(modules, target, policy))
        bench.verdicts(modules, target, POLICIES[0], cases[0])  # loads the engines beforehand
    return bench


def _own_engines() -> tuple[str, ...]:
    from sigmaglot.verify.engines.registry import engine_names

    return tuple(name for name in engine_names() if "-model" in name)


ENGINES = _own_engines()
"""Our own readers: they are always there, and start at once."""
