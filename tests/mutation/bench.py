"""The rules that mutants are tried on, and what the program makes of them without any fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mutation import program
from mutation.mutants import ROOT

PATHS = (ROOT / "tests" / "features", ROOT / "sigma_rules" / "windows")
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
        originals: Target and policy to the rules for which the policy matters, and what they become.
        pipelines: The user's pySigma pipelines.
    """

    modules: dict[str, Any]
    cases: tuple[Case, ...]
    targets: dict[str, Any]
    originals: dict[tuple[str, str], list[tuple[Case, Compiled]]]
    pipelines: Sequence[Any]

    def targets_of(self, part: str) -> list[Any]:
        """Return the targets that a language or a mapping serves; all for a shared part."""
        own = [
            one for one in self.targets.values() if part in {one.language, f"{one.pipeline}.yml"}
        ]
        return own or list(self.targets.values())

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

    def add_originals(self, target: Any) -> None:
        """Compile the rules without a fault.

        Under another policy only what is not exact anyway, and what did not obey it by itself.
        """
        closest = list(self.compiled(self.modules, target, CLOSEST, self.cases))
        self.originals[target.name, CLOSEST] = list(zip(self.cases, closest, strict=True))
        for policy in POLICIES[1:]:
            pairs = zip(self.cases, closest, strict=True)
            cases = [case for case, (_, claim) in pairs if claim not in {"exact", policy}]
            compiled = self.compiled(self.modules, target, policy, cases)
            self.originals[target.name, policy] = list(zip(cases, compiled, strict=True))

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
    for target in bench.targets.values():
        bench.add_originals(target)
        bench.verdicts(modules, target, CLOSEST, cases[0])  # loads the engines beforehand
    return bench


def _own_engines() -> tuple[str, ...]:
    from sigmaglot.verify.engines.registry import engine_names

    return tuple(name for name in engine_names() if "-model" in name)


ENGINES = _own_engines()
"""Our own readers: they are always there, and start at once."""
