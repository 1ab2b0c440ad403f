"""Try one mutant: which queries change, and does `verify` see that they are wrong?"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from mutation.bench import Bench, Case, Compiled
from mutation.mutants import Mutant

SHOWN = 6
"""Changed rules of a survivor that are kept, for whoever reads it."""
LONGEST = 300
"""Seconds after which a mutant is taken for one that never ends."""

KILLED, UNSEEN, SURVIVED, FAILED = "killed", "unseen", "survived", "failed"


@dataclass(frozen=True)
class Changed:
    """One rule that a mutant compiles otherwise."""

    target: str
    rule: str
    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        status: ``killed``, ``unseen`` (no query and no claim changed) or ``survived``; ``failed``
            where the verifier itself cannot run the rule without the fault.
        how: What killed it: a broken claim, a refused query, a query that cannot be run, or finds
            none of the rule's events, although the right one could or does, or an internal error.
        where: The target and the rule that killed it.
        changed: Some of the rules that a survivor changed.
        count: How many it changed, of all targets.
        seconds: How long it took.
    """

    status: str
    how: str = ""
    where: str = ""
    changed: tuple[Changed, ...] = ()
    count: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def try_mutant(mutant: Mutant, bench: Bench) -> Outcome:
    """Plant a fault in this process, for good, and run the rules that it changes."""
    started = time.monotonic()
    try:
        modules = mutant.plant()
    except Exception as error:  # noqa: BLE001 - whatever a fault does at import ends the program
        return Outcome(KILLED, "internal error", f"at import: {error}")
    shown: list[Changed] = []
    count = 0
    for target, policy, case, before, after in _changed(mutant, bench, modules):
        count += 1
        shown += [_shown(target, policy, case, before, after)] if len(shown) < SHOWN else []
        if how := _kills(bench, modules, target, policy, case):
            where = f"{target.name} ({policy}): {case.document.path}"
            return Outcome(KILLED, how, where, seconds=time.monotonic() - started)
    seconds = time.monotonic() - started
    return Outcome(SURVIVED if count else UNSEEN, "", "", tuple(shown), count, seconds)


def _changed(
    mutant: Mutant, bench: Bench, modules: dict[str, Any]
) -> Iterator[tuple[Any, str, Case, Compiled, Compiled]]:
    """Yield the rules that a fault compiles otherwise, each when it is found."""
    for target, policy, originals in bench.reached(mutant):
        compiled = bench.compiled(modules, target, policy, [one.case for one in originals])
        for original, after in zip(originals, compiled, strict=True):
            if original.compiled != after:
                yield target, policy, original.case, original.compiled, after


def _shown(target: Any, policy: str, case: Case, before: Compiled, after: Compiled) -> Changed:
    texts = ("\n".join((claim, *queries)) for queries, claim in (before, after))
    return Changed(f"{target.name} ({policy})", case.document.path, *texts)


def _kills(bench: Bench, modules: dict[str, Any], target: Any, policy: str, case: Case) -> str:
    """Return how a rule shows the fault, empty where it does not, or fails without the fault."""
    try:
        how = _failure(bench.verdicts(modules, target, policy, case))
    except Exception as error:  # noqa: BLE001 - a query may be too odd for an engine
        how = f"internal error: {error}"
    return how if how and not _failure(bench.verdicts(bench.modules, target, policy, case)) else ""


def _failure(verdicts: Sequence[Any]) -> str:
    for verdict in verdicts:
        status = str(verdict.status)
        if status in {"broken", "refused", "not run"}:
            return status
        if status == "kept" and verdict.reason:
            return "finds nothing"
        if status == "failed" or any(one.code == "SG001" for one in verdict.diagnostics):
            return "internal error"
    return ""


def try_all(
    mutants: Sequence[Mutant], bench: Bench, processes: int
) -> Iterator[tuple[Mutant, Outcome]]:
    """Yield outcomes as they come; each mutant has a process of its own, forked from this one."""
    waiting: list[Mutant] = []
    for mutant in reversed(mutants):
        if any(bench.reached(mutant)):
            waiting.append(mutant)
        else:
            yield mutant, Outcome(UNSEEN)
    running: dict[Connection, _Running] = {}
    while waiting or running:
        while waiting and len(running) < processes:
            started = _start(waiting.pop(), bench)
            running[started.answers] = started
        ready = wait(list(running), timeout=5)
        late = [one for one, run in running.items() if time.monotonic() > run.until]
        for answers in dict.fromkeys((*ready, *late)):
            run = running.pop(answers)  # type: ignore[call-overload]
            yield run.mutant, run.end()


@dataclass
class _Running:
    mutant: Mutant
    process: Any
    answers: Connection
    until: float

    def end(self) -> Outcome:
        """Return the answer; a process that has none was ended, or ended itself."""
        try:
            outcome = self.answers.recv() if self.answers.poll() else None
        except EOFError:
            outcome = None
        if outcome is None:
            self.process.kill()
        self.process.join()
        self.answers.close()
        return outcome or Outcome(FAILED, "the process did not end, or not well")


def _start(mutant: Mutant, bench: Bench) -> _Running:
    fork = multiprocessing.get_context("fork")
    answers, end = fork.Pipe(duplex=False)
    process = fork.Process(target=_answer, args=(mutant, bench, end))
    process.start()
    end.close()
    return _Running(mutant, process, answers, time.monotonic() + LONGEST)


def _answer(mutant: Mutant, bench: Bench, end: Connection) -> None:
    try:
        outcome = try_mutant(mutant, bench)
    except Exception as error:  # noqa: BLE001 - reported, and the run ends in failure
        outcome = Outcome(FAILED, f"{type(error).__name__}: {error}")
    end.send(outcome)
    end.close()
