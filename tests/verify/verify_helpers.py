"""Rules in a line, and their verdicts."""

from __future__ import annotations

from typing import Any

import yaml

from sigmaglot.compiler import read_rule
from sigmaglot.frontend import Rule
from sigmaglot.source import Document
from sigmaglot.targets import find_targets
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Verdict


def document(selection: str, condition: str = "selection") -> Document:
    """Return the document of a process creation rule; the selections are YAML."""
    text = (
        "title: A rule\nlogsource: {category: process_creation, product: windows}\n"
        f"detection:\n{selection}\n  condition: {condition}\n"
    )
    return Document("rule.yml", 0, yaml.safe_load(text), text)


def selection(*lines: str) -> Document:
    """Return the document of a rule with one selection of these lines."""
    return document("  selection:\n" + "".join(f"    {line}\n" for line in lines))


def rule(*lines: str) -> Rule:
    found = read_rule(selection(*lines), (), {})
    assert isinstance(found, Rule)
    return found


def verify(doc: Document, target: str, *engines: str, **request: Any) -> list[Verdict]:
    """Return the verdicts of one rule for one target."""
    asked = Request(find_targets((target,)), engines, **request)
    return list(Verifier(asked).verify([doc]))
