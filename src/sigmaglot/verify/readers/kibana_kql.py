"""Kibana KQL, as Kibana parses it and Elasticsearch runs it. Not vendor-verified.

Facts: elastic/kibana kbn-es-query (grammar.peggy, functions/is.ts, functions/range.ts,
node_types/wildcard.ts). What a value means for a field of a type is in `kibana_match`.

Decisions:
    - The grammar is Kibana's own. It is a PEG, but the first choice that takes its first token is
      always the right one, so an LALR grammar whose tokens end where Kibana's do says the same.
    - `field: { ... }` (nested) raises, so does a field name with a wildcard and a field that
      `types` does not list.
    - `types` maps a field to keyword, constant_keyword, wildcard, text, match_only_text, long (and
      its kin), ip, date or boolean. A text field `x.text` is read from the record's `x`, unless the
      record has `x.text`. Values may be lists.
    - A wildcard value becomes a query_string, split at blanks into alternatives. Since 8.5 Kibana
      sends a `wildcard` query, which does not split, for a `keyword` field whose data view says so:
      `keyword_wildcard="wildcard"` models that (fields of type wildcard and text still go through
      query_string).
    - A value without a field is looked for in all fields of `types`, errors apart (`lenient`).
    - `field: *` is true of any value, the empty one included; `*: *` of every record.
    - `null` as a value raises. An `is` on a long or ip field whose value does not parse raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lark import Token, v_args
from lark.visitors import Transformer_NonRecursive

from .base import Query, ReadError, Record, Test, all_of, any_of, keep_if, negate
from .grammar import grammar, parse, place, transform
from .kibana_match import (
    EXACT,
    KNOWN,
    RUN,
    TEXT,
    StoredTest,
    Value,
    base_of,
    of_elements,
    order_test,
    stored_test,
)

_TRIMMED = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript's trim takes off."""

_CONTROLS = {"t": "\t", "r": "\r", "n": "\n"}
_CONSTANTS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
_IN_QUOTES = re.compile(r"\\(?:([trn])|u([0-9A-Fa-f]{4})|([\\\"]))")
_BARE = re.compile(r"\\(?:([trn])|u([0-9A-Fa-f]{4})|([\\():<>\"*{}]|(?i:or|and|not)))|\*")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def read(
    text: str,
    types: Mapping[str, str],
    keyword_wildcard: Literal["query_string", "wildcard"] = "query_string",
) -> Query:
    """Return a query, read against a mapping.

    Args:
        text: The query.
        types: The type of each field of the data view.
        keyword_wildcard: The Elasticsearch query that a wildcard value on a keyword field becomes.

    Raises:
        ReadError: Kibana or Elasticsearch would refuse the text, or it says what is not modelled.
        ValueError: A field type is not known.
    """
    unknown = set(types.values()) - KNOWN
    if unknown:
        raise ValueError(f"unknown field types {sorted(unknown)}")
    if RUN in text:
        raise ReadError("U+E000 in a query, which this reader uses itself", text.index(RUN))
    reader = _Reader(types, split_keywords=keyword_wildcard == "query_string")
    test = transform(reader, parse(grammar("kibana_kql"), text))
    return Query(text, (keep_if(test),), ("query",))


# -- From trees to tests --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Listed:
    """What stands behind a colon, apart from the field: alternatives, of which one has to hold.

    Values on their own stay values, so that those of one field are tested together.
    """

    values: tuple[Value, ...]
    others: tuple[Callable[[Value], Test], ...] = ()


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, Test]):
    """Makes the test of a query out of its tree; a method is named after its rule."""

    def __init__(self, types: Mapping[str, str], *, split_keywords: bool) -> None:
        super().__init__()
        self._types = types
        self._split_keywords = split_keywords

    def start(self, test: Test | None) -> Test:
        return test or _always

    def any_of(self, *tests: Test) -> Test:
        return any_of(list(tests))

    def all_of(self, *tests: Test) -> Test:
        return all_of(list(tests))

    def negated(self, test: Test) -> Test:
        return negate(test)

    def nested(self, _field: Token, brace: Token, _query: Test) -> Test:
        raise ReadError("a nested query, which this reader does not model", place(brace))

    def holds(self, field: Token, listed: _Listed) -> Test:
        return self._holds(_value(field), listed)

    def ordered(self, field: Token, operator: Token, value: Token) -> Test:
        name, kind = self._typed(_value(field))
        return _on_field(name, kind, order_test(kind, str(operator), _value(value)))

    def anywhere(self, token: Token) -> Test:
        """Return the test of a value without a field."""
        value, tests = _value(token), list[Test]()
        for name, kind in self._types.items():
            try:
                test = stored_test(kind, [value], split_keywords=True)
            except ReadError:
                if kind in EXACT | TEXT:
                    raise
                continue
            tests.append(_on_field(name, kind, test))
        return any_of(tests) if tests else negate(_always)

    # -- lists of values ----------------------------------------------------------------------

    def value(self, token: Token) -> _Listed:
        return _Listed((_value(token),))

    def any_value(self, *parts: _Listed) -> _Listed:
        values = tuple(value for part in parts for value in part.values)
        return _Listed(values, tuple(other for part in parts for other in part.others))

    def all_values(self, *parts: _Listed) -> _Listed:
        return _Listed((), (lambda field: all_of([self._holds(field, each) for each in parts]),))

    def no_value(self, part: _Listed) -> _Listed:
        return _Listed((), (lambda field: negate(self._holds(field, part)),))

    # -- fields -------------------------------------------------------------------------------

    def _holds(self, field: Value, listed: _Listed) -> Test:
        tests = [self._is(field, listed.values)] if listed.values else []
        return any_of([*tests, *(other(field) for other in listed.others)])

    def _is(self, field: Value, values: Sequence[Value]) -> Test:
        if field.is_lone_wildcard and all(value.is_lone_wildcard for value in values):
            return _always
        name, kind = self._typed(field)
        test = stored_test(kind, values, split_keywords=self._split_keywords)
        return _on_field(name, kind, test)

    def _typed(self, field: Value) -> tuple[str, str]:
        name = field.text
        if not isinstance(name, str) or field.wild:
            raise ReadError("a field name with a wildcard, or a constant as one", field.offset)
        if name not in self._types:
            raise ReadError(f"no field {name!r} in the mapping", field.offset)
        return name, self._types[name]


def _always(_row: Record) -> bool:
    return True


def _on_field(name: str, kind: str, test: StoredTest | None) -> Test:
    """Return a test of a record: whether an element of a field passes; without a test any does."""
    base, passes = base_of(name, kind), of_elements(kind, test)

    def run(row: Record) -> bool:
        value = row.get(name)
        if value is None and base is not None and name not in row:
            value = row.get(base)
        if value is None:
            return False
        if isinstance(value, list | tuple):
            return any(passes(element) for element in value if element is not None)
        return passes(value)

    return run


# -- Literals -------------------------------------------------------------------------------------


def _value(token: Token) -> Value:
    if token.type == "QUOTED":
        return Value(_unescaped(_IN_QUOTES, token[1:-1]), quoted=True, offset=place(token))
    text = _unescaped(_BARE, token)
    if text.count(RUN) > token.count("*"):
        raise ReadError("U+E000 in a query, which this reader uses itself", place(token))
    trimmed = text.strip(_TRIMMED)
    return Value(_CONSTANTS.get(trimmed, trimmed), quoted=False, offset=place(token))


def _unescaped(escape: re.Pattern[str], text: str) -> str:
    plain = escape.sub(_character, text)
    if _SURROGATES.search(plain):  # two escapes that JavaScript takes for one character
        return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return plain


def _character(match: re.Match[str]) -> str:
    if match[0] == "*":
        return RUN
    control, code, itself = match.groups()
    return _CONTROLS[control] if control else chr(int(code, 16)) if code else itself
