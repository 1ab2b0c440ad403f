"""What a rule must be before pySigma sees it, and what its errors are called.

The checks give one diagnostic at the offending node; pySigma's own errors have no place.
"""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sigmaglot.errors import RuleError, Severity
from sigmaglot.ir import Place
from sigmaglot.source import Document

MAX_FORMS = 5_000
"""Most alternatives that `windash` may make of one value (five dashes for each flag)."""

_DASHES = re.compile(r"\B[-/]\b")
_ANCHORS = frozenset({"contains", "startswith", "endswith"})
_EXCLUSIVE = (
    _ANCHORS,
    frozenset({"re", "cidr", "exists", "fieldref", "lt", "lte", "gt", "gte"}),
    frozenset({"base64", "base64offset"}),
    frozenset({"wide", "utf16le", "utf16", "utf16be"}),
    frozenset({"minute", "hour", "day", "week", "month", "year"}),
    frozenset({"cased", "i"}),
    frozenset({"cased", "ignorecase"}),
    frozenset({"cased", "re"}),
)

MODIFIERS = (
    "all",
    "base64",
    "base64offset",
    "cased",
    "cidr",
    "contains",
    "day",
    "endswith",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "gte",
    "hour",
    "i",
    "lt",
    "lte",
    "m",
    "minute",
    "month",
    "neq",
    "re",
    "s",
    "startswith",
    "utf16",
    "utf16be",
    "utf16le",
    "week",
    "wide",
    "windash",
    "year",
)
"""The modifiers of the Sigma specification."""

METADATA = {
    "SigmaIdentifierError": ("id", "SG131"),
    "SigmaLevelError": ("level", "SG131"),
    "SigmaStatusError": ("status", "SG131"),
    "SigmaTagError": ("tags", "SG131"),
    "SigmaDateError": ("date", "SG131"),
    "SigmaModifiedError": ("modified", "SG131"),
    "SigmaTitleError": ("title", "SG131"),
    "SigmaReferencesError": ("references", "SG131"),
    "SigmaFieldsError": ("fields", "SG131"),
    "SigmaFalsePositivesError": ("falsepositives", "SG131"),
    "SigmaRelatedError": ("related", "SG131"),
    "SigmaLogsourceError": ("logsource", "SG150"),
}
"""pySigma's errors about metadata: the key that each is about, and our code."""

_CLASSES = (
    ("Unknown modifier", "SG125", "see the appendix on modifiers of the Sigma specification"),
    ("Regular expression '", "SG127", "test it against a sample; Sigma's flavour is PCRE"),
    ("Invalid CIDR", "SG128", "write it as 10.0.0.0/8, with the host bits zero"),
    ("Base64 encoding", "SG129", "encode a text without wildcards"),
    ("Wide modifier", "SG129", "the modifier encodes ASCII only"),
    ("UTF-16", "SG129", "the modifier encodes ASCII only"),
    ("only applicable to unmodified", "SG126", "put it first, or drop the modifier before it"),
    ("incompatible to value type", "SG130", "quote a number to make it a text, or drop the quotes"),
)


_WRONG_TYPE = re.compile(r"Modifier \w+ incompatible to value type of '(.*)'", re.DOTALL)
_UNKNOWN = re.compile(r"Unknown modifier '(.*)'")
_UNEXPECTED = re.compile(r"found (.*?)\s+\(at char (\d+)\)", re.DOTALL)


def explain_value(text: str, place: Place) -> tuple[str, str, str]:
    """Return code, message and hint for the text of an error about a value or its modifiers."""
    code, hint = "SG130", "look at the value and the modifiers of the field"
    for start, one_code, one_hint in _CLASSES:
        if start in text:
            code, hint = one_code, one_hint
            break
    unknown = _UNKNOWN.search(text)
    if unknown:
        close = get_close_matches(unknown[1], MODIFIERS, 1)
        listed = f"the modifiers are {', '.join(MODIFIERS)}"
        return code, lower_first(text), f"did you mean `{close[0]}`?" if close else listed
    wrong = _WRONG_TYPE.search(text)
    if wrong:
        key = next((step for step in reversed(place) if isinstance(step, str)), "")
        return code, f"`{key}` does not take the value `{wrong[1]}`", hint
    return code, lower_first(text), hint


def explain_condition(text: str, condition: str) -> tuple[str, str]:
    """Return message and hint for the text of an error about a condition."""
    if "|" in condition:
        return (
            "the condition uses the old pipe syntax, which Sigma has replaced",
            "write a correlation rule in its place",
        )
    found = _UNEXPECTED.search(text)
    reason = f"{found[1]} at its character {int(found[2]) + 1}" if found else lower_first(text)
    return (
        f"the condition cannot be parsed: unexpected {reason}",
        "use `and`, `or`, `not`, `1 of x*`, `all of x*` and parentheses",
    )


def lower_first(text: str) -> str:
    """Return a sentence as a message begins, names of all capitals kept."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def check(document: Document) -> None:
    """Check a document's shape.

    Raises:
        RuleError: It is no detection rule, or a selection or condition is malformed.
    """
    _check_kind(document)
    _check_detection(document)


def _check_kind(document: Document) -> None:
    kind = document.kind
    if kind != "detection":
        code = "SG140" if kind == "correlation" else "SG141"
        hint = "`sigmaglot convert` and `sigmaglot match` take it"
        found = document.diagnose(code, f"a {kind} is passed over here", (kind,), hint=hint)
        raise RuleError(replace(found, severity=Severity.NOTE))


def _check_detection(document: Document) -> None:
    detection = document.data.get("detection")
    if not isinstance(detection, dict):
        missing = "detection" not in document.data
        reason = "has no `detection`" if missing else "has a `detection` that is not a map"
        raise RuleError(
            document.diagnose(
                "SG120",
                f"the rule {reason}",
                () if missing else ("detection",),
                hint="add `detection:` with a selection and a `condition:`",
            )
        )
    condition = detection.get("condition")
    named = condition if isinstance(condition, list) else [condition]
    if not named or not all(isinstance(text, str) and text.strip() for text in named):
        missing = "condition" not in detection
        raise RuleError(
            document.diagnose(
                "SG121",
                "the detection has no `condition`" if missing else "the `condition` is not a text",
                ("detection",) if missing else ("detection", "condition"),
                hint="add `condition:` with the names of the selections",
            )
        )
    for name, definition in detection.items():
        if name != "condition":
            _check_definition(document, definition, ("detection", name))


def _check_definition(document: Document, definition: Any, place: Place) -> None:
    if definition is None or (isinstance(definition, (dict, list)) and not definition):
        raise RuleError(
            document.diagnose(
                "SG134", f"the selection `{place[-1]}` is empty", place, hint="give it a field"
            )
        )
    if isinstance(definition, list):
        for index, item in enumerate(definition):
            if isinstance(item, (dict, list)):
                _check_definition(document, item, (*place, index))
    elif isinstance(definition, dict):
        for key, value in definition.items():
            _check_item(document, key, value, (*place, key))


def _check_item(document: Document, key: Any, value: Any, place: Place) -> None:
    if not isinstance(key, str):
        raise RuleError(
            document.diagnose(
                "SG130", f"the field name `{key}` is not a text", place, hint="quote the name"
            )
        )
    values = value if isinstance(value, list) else [value]
    _check_types(document, key, values, place)
    if "|" not in key:
        return
    modifiers = key.split("|")[1:]
    if "utf16" in modifiers:
        raise RuleError(
            document.diagnose(
                "SG129",
                "`utf16` cannot be encoded: its byte order mark has no form as text",
                place,
                hint="use `wide`; a mark stands only where a whole file or stream begins",
            )
        )
    for group in _EXCLUSIVE:
        clash = [name for name in modifiers if name in group]
        if len(clash) > 1:
            raise RuleError(
                document.diagnose(
                    "SG126",
                    f"the modifiers `{'` and `'.join(clash)}` of `{key}` contradict each other",
                    place,
                    hint="keep one of them",
                )
            )
    _check_values(document, modifiers, values, place)


def _check_types(document: Document, key: str, values: list[Any], place: Place) -> None:
    for index, value in enumerate(values):
        if value is not None and not isinstance(value, (str, int, float)):
            kind = _KINDS.get(type(value), type(value).__name__)
            raise RuleError(
                document.diagnose(
                    "SG130",
                    f"`{key}` takes texts and numbers, not a {kind}",
                    (*place, index),
                    hint="write the values as one list, a date or a time in quotes",
                )
            )


_KINDS: dict[type, str] = {list: "list", dict: "map", bytes: "binary value"}


def _check_values(
    document: Document, modifiers: list[str], values: list[Any], place: Place
) -> None:
    for index, value in enumerate(values):
        here = (*place, index) if len(values) > 1 else place
        if "re" in modifiers and not isinstance(value, str):
            raise RuleError(
                document.diagnose(
                    "SG130", f"`re` takes a text, not `{value}`", here, hint="quote the value"
                )
            )
        if "windash" in modifiers and isinstance(value, str):
            forms = 5 ** len(_DASHES.findall(value))
            if forms > MAX_FORMS:
                raise RuleError(
                    document.diagnose(
                        "SG132",
                        f"`windash` makes {forms:,} forms of the value, over {MAX_FORMS:,}",
                        here,
                        hint="split the value into several, linked with `all`",
                    )
                )


_ALIASES = {"utf16le": "wide"}
"""Modifiers of the specification that pySigma knows by another name only."""


def without_aliases(data: dict[str, Any]) -> dict[str, Any]:
    """Return the rule with modifiers by the names that pySigma has for them."""
    if "utf16le" not in str(data["detection"]):
        return data

    def renamed(definition: Any) -> Any:
        if isinstance(definition, list):
            return [renamed(item) for item in definition]
        if not isinstance(definition, dict):
            return definition
        return {
            "|".join(_ALIASES.get(part, part) for part in key.split("|")): value
            for key, value in definition.items()
        }

    detection = {name: renamed(definition) for name, definition in data["detection"].items()}
    return {**data, "detection": detection}
