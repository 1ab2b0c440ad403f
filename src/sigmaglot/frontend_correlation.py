"""Read correlation documents into plain values, with a diagnostic at the node that is wrong.

pySigma checks the metadata. It takes one comparison for a condition where the specification
(correlation rules, version 2.1.0) allows a range, so the section itself is read here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from sigma.correlations import SigmaCorrelationRule

from sigmaglot.correlation import TEMPORAL, VALUED, Alias, Condition, Correlation, Test, Type
from sigmaglot.errors import RuleError
from sigmaglot.ir import Place
from sigmaglot.rule import RuleInfo
from sigmaglot.source import Document
from sigmaglot.validate import METADATA, lower_first

_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MINIMAL = {"type": "event_count", "rules": ["x"], "timespan": "1m", "condition": {"gte": 1}}
_KEYS = frozenset({"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"})


def parse_correlation(document: Document) -> tuple[RuleInfo, Correlation]:
    """Return the metadata and the correlation of a document.

    Raises:
        RuleError: It is not valid.
    """
    _check_metadata(document)
    section = document.data["correlation"]
    if not isinstance(section, dict):
        hint = "give it `type`, `rules`, `timespan` and `condition`"
        raise RuleError(
            document.diagnose(
                "SG140", "the `correlation` is not a map", ("correlation",), hint=hint
            )
        )
    return RuleInfo.from_document(document.path, document.data), _Reader(document, section).read()


def _check_metadata(document: Document) -> None:
    data = {**document.data, "correlation": _MINIMAL}
    try:
        errors = SigmaCorrelationRule.from_dict(data, collect_errors=True).errors
    except (TypeError, ValueError, AttributeError) as failure:
        message = f"the correlation is not valid: {failure}"
        raise RuleError(document.diagnose("SG131", message)) from failure
    for error in errors:
        key, code = METADATA.get(type(error).__name__, ("", "SG131"))
        place: Place = (key,) if key in document.data else ()
        hint = f"see `{key}`" if key else "see the specification of correlation rules"
        raise RuleError(document.diagnose(code, lower_first(str(error)), place, hint=hint))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the section of one document."""

    document: Document
    section: dict[str, Any]

    def fail(self, message: str, hint: str, *place: str | int) -> NoReturn:
        """Raise the error of a node, or of the section where the node is not there."""
        key = place[:1] if place and place[0] in self.section else ()
        where: Place = ("correlation", *key, *place[len(key) :]) if key else ("correlation",)
        raise RuleError(self.document.diagnose("SG140", message, where, hint=hint))

    def read(self) -> Correlation:
        """Return the correlation."""
        for key in self.section:
            if key not in _KEYS:
                known = ", ".join(f"`{one}`" for one in sorted(_KEYS))
                self.fail(f"a correlation has no `{key}`", f"there are {known}", key)
        kind = self._type()
        rules = self._texts("rules", required=True)
        if len(set(rules)) < len(rules):
            self.fail("a rule is listed twice", "list each rule once", "rules")
        return Correlation(
            kind,
            rules,
            self._timespan(),
            self._condition(kind, len(rules)),
            self._texts("group-by"),
            self._aliases(rules),
            self._generate(),
        )

    def _type(self) -> Type:
        found = self.section.get("type")
        if found not in list(Type):
            self.fail(f"no correlation type is called `{found}`", f"it is {_or(Type)}", "type")
        return Type(found)

    def _texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        found = self.section.get(key)
        if found is None and not required:
            return ()
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not listed:
            self.fail(f"the correlation needs `{key}`", "write a list of names", key)
        for index, one in enumerate(listed):
            if not isinstance(one, str):
                self.fail(f"`{key}` takes texts, not `{one}`", "quote the name", key, index)
        return tuple(listed)

    def _timespan(self) -> int:
        found = self.section.get("timespan")
        if found is None:
            self.fail("the correlation has no `timespan`", "add one, such as 5m", "timespan")
        parts = _SPAN.fullmatch(str(found))
        if parts is None:
            hint = "write a number and one of s, m, h and d, such as 90m"
            self.fail(f"the timespan `{found}` cannot be read", hint, "timespan")
        return int(parts[1]) * _SECONDS[parts[2]]

    def _condition(self, kind: Type, rules: int) -> Condition:
        found = self.section.get("condition")
        if found is None and kind in TEMPORAL:
            return Condition(((Test.GTE, rules),))
        if not isinstance(found, dict):
            hint = "write a map such as `gte: 10`"
            self.fail("the correlation needs a `condition` that is a map", hint, "condition")
        tests = tuple(
            (Test(key), self._number(key, value))
            for key, value in found.items()
            if key in list(Test)
        )
        if not tests:
            self.fail("the condition compares with no number", f"use {_or(Test)}", "condition")
        for key in found:
            if key not in {*Test, "field", "percentile"}:
                self.fail(f"a condition has no `{key}`", f"use {_or(Test)}", "condition", str(key))
        percentile = self._percentile(kind, found)
        return Condition(tests, self._fields(kind, found), percentile)

    def _number(self, key: str, value: Any) -> float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            self.fail(
                f"`{key}` compares with a number, not `{value}`", "unquote it", "condition", key
            )
        return float(value) if isinstance(value, float) else int(value)

    def _fields(self, kind: Type, condition: dict[str, Any]) -> tuple[str, ...]:
        found = condition.get("field")
        listed = [found] if isinstance(found, str) else found
        if kind not in VALUED:
            if found is not None:
                self.fail(f"{kind} measures no field", "leave `field` out", "condition", "field")
            return ()
        if (
            not isinstance(listed, list)
            or not listed
            or not all(isinstance(x, str) for x in listed)
        ):
            self.fail(
                f"{kind} needs the `field` that it measures", "name one", "condition", "field"
            )
        if len(listed) > 1 and kind is not Type.VALUE_COUNT:
            self.fail(f"{kind} measures one field", "name one", "condition", "field")
        return tuple(listed)

    def _percentile(self, kind: Type, condition: dict[str, Any]) -> float | None:
        if kind is Type.VALUE_MEDIAN:
            return 50
        if "percentile" not in condition:
            return None
        found = self._number("percentile", condition["percentile"])
        if kind is not Type.VALUE_PERCENTILE or not 0 <= found <= 100:
            hint = "give a number from 0 to 100 with `value_percentile`"
            self.fail("`percentile` has no meaning here", hint, "condition", "percentile")
        return found

    def _aliases(self, rules: tuple[str, ...]) -> tuple[Alias, ...]:
        found = self.section.get("aliases") or {}
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            hint = "write `alias: {rule: field}`"
            self.fail("`aliases` is not a map of maps", hint, "aliases")
        aliases = []
        for name, fields in found.items():
            missing = [rule for rule in rules if rule not in fields]
            if missing:
                hint = "name the field of each rule by the name that `rules` has"
                message = f"the alias `{name}` has no field for the rule `{missing[0]}`"
                self.fail(message, hint, "aliases", str(name))
            aliases.append(Alias(str(name), tuple((rule, str(fields[rule])) for rule in rules)))
        return tuple(aliases)

    def _generate(self) -> bool:
        """Return `generate`; the schema has it beside the section, pySigma in it."""
        found = self.section.get("generate", self.document.data.get("generate", False))
        if not isinstance(found, bool):
            self.fail("`generate` is true or false", "leave it out for false", "generate")
        return found


def _or(names: type[Type | Test]) -> str:
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} or {last}"
