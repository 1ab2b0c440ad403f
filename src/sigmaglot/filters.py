"""Filters: conditions that are added to rules, by id, name and log source.

Source: the Sigma filters specification, version 2.1.0. A filter's condition is linked to the
rule's with AND as it stands, so a filter that leaves events out says ``not selection``. That
``rules: any`` names all rules of the log source is an extension that pySigma has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigmaglot import ir
from sigmaglot.errors import RuleError
from sigmaglot.frontend import Rule, parse
from sigmaglot.rule import RuleInfo
from sigmaglot.source import Document

ANY = "any"
_ADD = "add `condition:` with the names of the selections"


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter.

    Attributes:
        info: What is known of it; its log source is that of the rules.
        rules: Ids and names of rules; none for every rule of the log source.
        condition: Its tree over Sigma fields, without places: they are of another document.
        document: Where it came from.
    """

    info: RuleInfo
    rules: tuple[str, ...]
    condition: ir.Node
    document: Document

    def applies_to(self, info: RuleInfo) -> bool:
        """Return whether the filter is for a rule."""
        if not self.info.logsource.covers(info.logsource):
            return False
        return not self.rules or any(is_named(info, name) for name in self.rules)


def is_named(info: RuleInfo, reference: str) -> bool:
    """Return whether a reference is a rule's id or name; letter case of an id does not count."""
    return reference in {info.name, info.id} - {""} or reference.lower() == info.id.lower() != ""


def parse_filter(document: Document) -> Filter:
    """Return the filter of a document.

    Raises:
        RuleError: It is not valid.
    """
    rules = _check(document)
    rule = parse(_as_rule(document))
    return Filter(rule.info, rules, without_places(rule.condition), document)


def add_filters(rule: Rule, filters: Sequence[Filter], pipelines: Sequence[Any] = ()) -> Rule:
    """Return a rule with the conditions of the filters that are for it.

    The user's pySigma pipelines see a filter's fields in the place of the rule's, so that what
    they do depends on the rule's log source.

    Raises:
        RuleError: A pipeline failed on a filter.
    """
    found = [one for one in filters if one.applies_to(rule.info)]
    if not found:
        return rule
    trees = [_condition(one, rule, pipelines) for one in found]
    documents = tuple(one.document for one in found)
    return replace(rule, condition=ir.all_of([rule.condition, *trees]), filters=documents)


def _condition(one: Filter, rule: Rule, pipelines: Sequence[Any]) -> ir.Node:
    if not pipelines:
        return one.condition
    return without_places(parse(_as_rule(one.document, rule.document), pipelines).condition)


def _as_rule(document: Document, rule: Document | None = None) -> Document:
    """Return a filter as a rule with its condition, and with the other keys of a rule."""
    found = document.data["filter"]
    data = {
        **{key: value for key, value in (rule or document).data.items() if key != "filter"},
        "detection": {key: value for key, value in found.items() if key != "rules"},
    }
    return replace(document, data=data, section="filter")


def _check(document: Document) -> tuple[str, ...]:
    """Return the references of a filter to rules."""
    found = document.data["filter"]
    if not isinstance(found, dict):
        raise _invalid(document, "the `filter` is not a map", (), "give it `rules`, a selection")
    if not isinstance(found.get("condition"), str):
        place = ("condition",) if "condition" in found else ()
        raise _invalid(document, "the filter has no condition that is a text", place, _ADD)
    rules = found.get("rules")
    if rules == ANY:
        return ()
    listed = [rules] if isinstance(rules, str) else rules
    if not isinstance(listed, list) or not listed or not all(isinstance(x, str) for x in listed):
        place = ("rules",) if "rules" in found else ()
        hint = "list ids or names of rules, or write `rules: any`"
        raise _invalid(document, "the filter does not say which rules it is for", place, hint)
    return tuple(listed)


def _invalid(document: Document, message: str, place: ir.Place, hint: str) -> RuleError:
    return RuleError(document.diagnose("SG141", message, ("filter", *place), hint=hint))


def without_places(node: ir.Node) -> ir.Node:
    """Return a tree whose leaves do not say where they were written."""
    match node:
        case ir.And(children):
            return ir.And(tuple(without_places(child) for child in children))
        case ir.Or(children):
            return ir.Or(tuple(without_places(child) for child in children))
        case ir.Not(child):
            return ir.Not(without_places(child))
        case ir.Const() | ir.Approx():
            return node
        case _:
            return replace(node, place=())
