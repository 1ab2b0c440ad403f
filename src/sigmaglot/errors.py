"""Diagnostics and the exception tree.

::

    SigmaglotError
    ├── UsageError           the command line asks for something that is not there (exit 2)
    ├── ConfigurationError   a pipeline, a schema or an installed language is broken (exit 3)
    └── RuleError            one rule cannot be read or compiled; carries its diagnostic (exit 1)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a diagnostic weighs: only an error fails its rule."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about one place of one file; the same value serves text and JSON output.

    ``line`` and ``column`` count from 1; they are None where no place can be named.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    hint: str = ""
    path: str = ""
    line: int | None = None
    column: int | None = None
    rule_id: str = ""

    def at(self, path: str, line: int | None = None, column: int | None = None) -> Diagnostic:
        """Return the same finding with its place filled in."""
        return replace(self, path=path, line=line, column=column)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready mapping with stable keys."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "rule_id": self.rule_id,
        }

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{place + ': ' if place else ''}{self.severity} {self.code} {self.message}{hint}"


def is_error(diagnostic: Diagnostic) -> bool:
    """Return whether a diagnostic fails its rule."""
    return diagnostic.severity is Severity.ERROR


class SigmaglotError(Exception):
    """The root of everything that Sigmaglot raises on purpose."""


class UsageError(SigmaglotError):
    """The request names something that does not exist."""


class ConfigurationError(SigmaglotError):
    """A pipeline, a schema or an installed language cannot be used."""


class RuleError(SigmaglotError):
    """A rule cannot go on; ``diagnostic`` says why and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


CODES: dict[str, str] = {
    "SG001": "internal error: a bug in Sigmaglot, with the rule and the stage that showed it",
    "SG101": "the file or folder cannot be read",
    "SG102": "the file is not UTF-8",
    "SG103": "the file is larger than the limit",
    "SG104": "the file is not valid YAML",
    "SG105": "the document grows out of bounds when its aliases are followed, or nests too deeply",
    "SG106": "the file holds no document",
    "SG107": "the document is not a map",
    "SG108": "a link leads back to a folder that is being read",
    "SG109": "the rule id is used by an earlier rule of the run",
    "SG110": "the document is a processing pipeline, not a rule",
    "SG111": "a key stands twice in one map",
    "SG112": "the folder holds no rules",
    "SG120": "the rule has no usable `detection`",
    "SG121": "the rule has no usable `condition`",
    "SG122": "the condition names a selection that is not there",
    "SG123": "a selector of the condition matches no selection",
    "SG124": "the condition cannot be parsed",
    "SG125": "the modifier does not exist",
    "SG126": "the modifiers contradict each other or their value",
    "SG127": "the regular expression is not valid",
    "SG128": "the CIDR network is not valid",
    "SG129": "the value cannot be encoded as the modifiers ask",
    "SG130": "the value does not suit its field or modifiers",
    "SG131": "the metadata of the rule is not valid",
    "SG132": "the value expands to too many alternatives",
    "SG133": "a placeholder is left without a value",
    "SG134": "a selection is empty",
    "SG140": "the correlation is not valid, or not used here",
    "SG141": "the filter is not valid",
    "SG142": "the filter matches no rule",
    "SG143": "the correlation refers to a rule that cannot be used",
    "SG150": "the log source is missing or not valid",
    "SG160": "the user's processing pipeline failed on the rule",
    "SG201": "the target does not record this log source",
    "SG202": "no query can be given at the fidelity that was asked for",
    "SG203": "the rule is always true or always false in the target",
    "SG204": "the field has no column in the target",
    "SG205": "the field is stored in another form in the target",
    "SG206": "the hash algorithm has no column in the target",
    "SG207": "the target does not tell the events of the log source from others",
    "SG208": "the query finds every event of a kind: nothing else of the rule is left",
    "SG301": "the language cannot say this kind of match",
    "SG302": "the language would need more queries than the limit",
    "SG303": "the language matches this column with letter case",
    "SG304": "the language matches this column token by token",
    "SG305": "the regular expression is beyond the language's engine",
    "SG306": "the character cannot be written in the language",
    "SG307": "the language cannot say the correlation",
    "SG308": "the language finds a part of what the correlation means",
    "SG309": "the query counts an event more than once",
    "SG401": "a pySigma backend failed on the rule",
    "SG501": "a line of the events file cannot be read",
    "SG502": "the events file cannot be read",
    "SG503": "no event can be told to be of the rule's log source",
    "SG504": "an event that a correlation would count has no time",
    "SG601": "a rule has no test events",
    "SG602": "a test event does not come out as its file says",
    "SG701": "the output file of a rule is taken by another rule, or lies outside the folder",
}
"""Stable codes: what each means. ``docs/codes.md`` is generated from this table."""
