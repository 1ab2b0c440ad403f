"""Bare queries, each under its rule's name where there are several rules."""

from __future__ import annotations

from collections.abc import Iterator

from sigmaglot.compiler import Result
from sigmaglot.formats.model import Setting, one_line
from sigmaglot.passes.legalise import Fidelity


def query(result: Result, setting: Setting) -> Iterator[str]:
    """Yield the queries of a result, under a comment with the rule's id and title if labelled."""
    for number, text in enumerate(result.queries, 1):
        lines = _label(result, setting, number) if setting.is_labelled else ()
        yield setting.comment(lines) + text


def _label(result: Result, setting: Setting, number: int) -> tuple[str, ...]:
    name = one_line(f"{result.info.id} {result.info.title}") or result.info.path
    target = f" for {result.target}" if setting.names_target else ""
    claim = (
        "" if result.fidelity in {Fidelity.EXACT, Fidelity.UNSUPPORTED} else f", {result.fidelity}"
    )
    return (name + target + part_of(result, number) + claim,)


def part_of(result: Result, number: int) -> str:
    """Return which of a rule's queries one is, empty where it is the only one."""
    total = len(result.queries)
    return f" (query {number} of {total})" if total > 1 else ""
