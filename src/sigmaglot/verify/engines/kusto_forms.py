r"""What engines of others may be asked: the forms of Kusto whose answers were checked.

Such an engine is wrong about some forms without a word. So a query is parsed here, by the package
``duckdb-kql`` and Microsoft's published grammar, and its tree is held against what the engine
`Knows`: forms whose answers were checked one by one (``tests/verify/test_kusto_engines.py``).
Any other raises CannotRunError, so that no answer is a guess.

What Microsoft leaves open is read so: regular expressions are RE2's (the documentation of 2024
describes another library, whose ``\d`` and ``\w`` go beyond ASCII), and letters beyond ASCII
change case one for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from duckdb_kql import ir
from duckdb_kql.errors import KqlError, KqlSyntaxError
from duckdb_kql.lower import lower

from sigmaglot.verify.engines.kusto_literals import rewrite_literals
from sigmaglot.verify.engines.kusto_records import ODD_CASE
from sigmaglot.verify.engines.model import CannotRunError, RefusedError
from sigmaglot.verify.schemas import DEFENDER, tables_of

ROW = "__row"
"""The column of row numbers, which every stage keeps."""

ANY = ("string", "number", "bool", "datetime")
_MOMENT = ((("datetime",),), "number")
_KINDS = {"long": "number", "int": "number", "real": "number"} | {
    kind: kind for kind in ("string", "bool", "datetime", "timespan")
}
_COLUMN_KINDS = {**_KINDS, "dynamic": "string"}
"""Types to kinds; a column of dynamic values is held as its JSON, which string operators see."""
_EQUALITY = ("==", "!=")
_ORDER = ("<", "<=", ">", ">=")
_PARTS = ("year", "month", "day", "hour", "minute", "second", "week_of_year", "dayofyear")
_LITERAL_ESCAPE = re.compile(r"\\[\\\[\]]")
_OTHER_LIBRARY = re.compile(
    r"\[[^\]]*(?:\[(?!:)|&&|--|~~)|\\[QECG<>0-7]|\\b\{|\{,|\(\?[^)<P:=!]*[xRu]"
)
"""Regular expressions that RE2 and the library of the newer documentation read differently."""

Signature = tuple[tuple[tuple[str, ...], ...], str]
"""The kinds that each argument of a function may have, and the kind of its result."""

_FROM_JSON = {"tostring": "string", "tolong": "number"}
"""The functions that take a value out of JSON, and the kind of their results."""

TEXTS: tuple[tuple[str, ...], ...] = (("string", "..."),)
"""The arguments of a function that takes any number of strings."""

_STRINGS = frozenset({"=~", "!~", "matches regex"}) | {
    f"{no}{shape}{case}"
    for no in ("", "!")
    for shape in ("contains", "startswith", "endswith", "has")
    for case in ("", "_cs")
}
"""The operators on strings that every engine knows, ``==`` and ``!=`` aside."""

FUNCTIONS: dict[str, Signature] = {
    "not": ((("bool",),), "bool"),
    **dict.fromkeys(("isempty", "isnotempty", "isnull", "isnotnull"), ((ANY,), "bool")),
    **dict.fromkeys(("tolower", "toupper"), ((("string",),), "string")),
    "tostring": ((("string", "number"),), "string"),
    **dict.fromkeys(("hourofday", "dayofmonth", "monthofyear", "getyear"), _MOMENT),
    "week_of_year": _MOMENT,
    "datetime_part": ((("string",), ("datetime",)), "number"),
}
"""The functions that every engine knows."""


@dataclass(frozen=True, slots=True)
class Knows:
    """What an engine is known to answer as Kusto does.

    Attributes:
        functions: Its functions, ``coalesce`` aside.
        coalesces: The kinds of value that it takes the first of as Kusto does.
        choices: The functions that give one of their arguments by tests of others.
        reads_json: Whether it finds what stands under a key of JSON in a string.
        null_is_unequal: Whether a null is unequal to every value. Where the answer is null
            instead, `!=` of what may be null is not known, nor is `==` under `not` or `coalesce`.
    """

    functions: Mapping[str, Signature]
    coalesces: tuple[str, ...]
    choices: tuple[str, ...] = ()
    reads_json: bool = False
    null_is_unequal: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    """A query that was checked.

    Attributes:
        query: Its tree as it should run: ``project`` keeps `ROW`, sorting and limits are gone.
        text: Its text, with its literals rewritten.
        table: The table that it reads.
        columns: The columns of that table that it reads.
    """

    query: ir.Query
    text: str
    table: str
    columns: frozenset[str]


def check(query: str, known: Knows, schema: str = DEFENDER) -> Tree:
    """Return a query's tree, and what it reads of the tables of a schema.

    ``take`` is left out, as which rows a limit picks is no meaning of a query, and so is sorting.

    Raises:
        CannotRunError: The engine does not know a form in it.
        RefusedError: It is not of the language.
    """
    text = rewrite_literals(query)
    return check_tree(parsed(text), text, known, schema)


def parsed(text: str) -> ir.Query:
    """Return a query's tree; raises as `check` does."""
    try:
        return lower(text)
    except KqlSyntaxError as error:
        raise RefusedError(f"no query by the published grammar: {error}") from error
    except KqlError as error:
        raise CannotRunError(f"duckdb-kql: {error}") from error
    except RecursionError:
        raise CannotRunError("nested too deeply to read") from None


def check_tree(tree: ir.Query, text: str, known: Knows, schema: str = DEFENDER) -> Tree:
    """Return the tree of a text, and what it reads; raises as `check` does."""
    if not isinstance(tree.source, ir.TableRef) or tree.lets or tree.source.database:
        raise CannotRunError("a source that is not one table by its name")
    checker = _Checker(tree.source.name, known, schema)
    stages = [new for stage in tree.operators for new in checker.stage(stage)]
    runs = replace(tree, operators=stages)
    return Tree(runs, text, tree.source.name, frozenset(checker.read))


# -- forms --------------------------------------------------------------------------------------


def shown(node: ir.Expr) -> str:
    """Return an expression much as a query writes it, for messages."""
    match node:
        case ir.ColumnRef(name=name):
            return name
        case ir.Literal(value=value, kind=kind):
            return f'"{value}"' if kind == "string" else str(value)
        case ir.BinaryOp(op=op, left=left, right=right):
            return f"{shown(left)} {op} {shown(right)}"
        case ir.FunctionCall(name=name, args=args):
            return f"{name}({', '.join(map(shown, args))})"
        case _:
            return type(node).__name__


class _Checker:
    """Walks a query's tree; knows the kind of each column that is in scope.

    Attributes:
        read: The columns of the table that the query names.
    """

    def __init__(self, table: str, known: Knows, schema: str) -> None:
        columns = tables_of(schema).get(table)
        if columns is None:
            raise CannotRunError(f"`{table}` is no table of the schema")
        self._table = table
        self._known = known
        self._columns = frozenset(columns)
        self._null_tells = 0
        self._scope = {name: _COLUMN_KINDS[kind] for name, kind in columns.items()}
        self.read: set[str] = set()

    def stage(self, stage: ir.Operator) -> Iterator[ir.Operator]:
        """Yield what runs in a stage's place, if anything."""
        match stage:
            case ir.Where(predicate=predicate):
                self._want("bool", predicate)
                yield stage
            case ir.Extend(expressions=expressions):
                self._scope = _one_case({**self._scope, **self._named(expressions)})
                yield stage
            case ir.Project(expressions=expressions):
                self._scope = _one_case(self._named(expressions))
                row = ir.NamedExpr(ir.ColumnRef(ROW))
                yield replace(stage, expressions=(*expressions, row))
            case ir.Sort(keys=keys):
                for key in keys:
                    self.kind(key.expr)
            case ir.Take():
                pass
            case _:
                raise CannotRunError(f"the stage `{type(stage).__name__.lower()}` is not checked")

    def _named(self, expressions: Iterable[ir.NamedExpr]) -> dict[str, str]:
        """Return the kinds of a stage's columns; none of them sees another."""
        out = {}
        for one in expressions:
            name = one.expr.name if isinstance(one.expr, ir.ColumnRef) else ""
            name = one.name or name
            if not name:
                raise CannotRunError(f"a column without a name, `{shown(one.expr)}`")
            out[name] = self.kind(one.expr)
        return out

    def kind(self, node: ir.Expr) -> str:
        """Return the kind of an expression's value, having checked all of it."""
        match node:
            case ir.Literal():
                return self._literal(node)
            case ir.ColumnRef():
                return self._column(node.name)
            case ir.BinaryOp(op="and" | "or"):
                return self._connective(node)
            case ir.BinaryOp():
                return self._binary(node)
            case ir.FunctionCall():
                return self._call(node)
            case ir.PathAccess(base=base, steps=(ir.PathStep(index=None),)):
                return self._member(base)
            case ir.InList(subquery=None):
                return self._membership(node)
            case ir.HasList(subquery=None):
                return self._terms(node)
            case _:
                raise CannotRunError(f"the form `{type(node).__name__}` is not checked")

    def _literal(self, node: ir.Literal) -> str:
        if node.kind not in _KINDS or node.value is None:
            raise CannotRunError(f"the {node.kind} literal `{node.value}` is not checked")
        return _KINDS[node.kind]

    def _column(self, name: str) -> str:
        if name not in self._scope:
            raise RefusedError(f"`{self._table}` has no column `{name}`, or not at this stage")
        if name in self._columns:
            self.read.add(name)
        return self._scope[name]

    def _want(self, kind: str, node: ir.Expr) -> None:
        found = self.kind(node)
        if found != kind:
            raise RefusedError(f"a {found} where a {kind} is wanted: `{shown(node)}`")

    def _connective(self, node: ir.BinaryOp) -> str:
        """Check a chain of one connective without recursion: it may be hundreds long."""
        waiting: list[ir.Expr] = [node]
        while waiting:
            part = waiting.pop()
            if isinstance(part, ir.BinaryOp) and part.op == node.op:
                waiting += (part.left, part.right)
            else:
                self._want("bool", part)
        return "bool"

    def _binary(self, node: ir.BinaryOp) -> str:
        if node.op in _EQUALITY + _ORDER:
            self._comparison(node.op, node.left, node.right)
        elif node.op in _STRINGS:
            self._string_test(node.op, node.left, node.right)
        else:
            raise CannotRunError(f"the operator `{node.op}` is not checked")
        return "bool"

    def _comparison(self, op: str, left: ir.Expr, right: ir.Expr) -> None:
        kinds = (self.kind(left), self.kind(right))
        said = f"`{shown(left)} {op} {shown(right)}`"
        if set(kinds) == {"string", "number"}:
            raise RefusedError(f"a {kinds[0]} compared with a {kinds[1]} in {said}")
        if kinds[0] != kinds[1] or (op in _ORDER and kinds[0] in ("string", "bool")):
            raise CannotRunError(f"a {kinds[0]} {op} a {kinds[1]} is not checked: {said}")
        if not self._known.null_is_unequal and kinds[0] != "string":
            self._refuse_null(op, said)

    def _refuse_null(self, op: str, said: str) -> None:
        if op == "!=" or (op == "==" and self._null_tells):
            raise CannotRunError(f"a null would be neither equal nor unequal in {said}")

    def _string_test(self, op: str, left: ir.Expr, right: ir.Expr) -> None:
        for operand in (left, right):
            if (kind := self.kind(operand)) != "string":
                raise RefusedError(f"`{op}` on a {kind}: `{shown(operand)}`")
        needle = str(right.value) if isinstance(right, ir.Literal) else None
        if op == "matches regex":
            _check_regex(needle)
        elif op.lstrip("!").startswith("has"):
            _check_term(needle)
        elif needle and ODD_CASE.search(needle):
            raise CannotRunError(f"engines disagree on the letter case of `{needle}`")

    def _membership(self, node: ir.InList) -> str:
        for item in node.items:
            if node.case_insensitive:
                self._string_test("in~", node.value, item)
            else:
                self._comparison("!=" if node.negated else "==", node.value, item)
        return "bool"

    def _terms(self, node: ir.HasList) -> str:
        for item in node.items:
            self._string_test("has_all" if node.require_all else "has_any", node.value, item)
        return "bool"

    def _call(self, node: ir.FunctionCall) -> str:
        tells = node.name in ("not", "coalesce")
        self._null_tells += tells
        kinds = [self.kind(arg) for arg in node.args]
        self._null_tells -= tells
        if node.name == "coalesce" and len(kinds) > 1:
            return self._coalesce(kinds)
        if node.name in self._known.choices and len(kinds) % 2 and len(kinds) > 1:
            return _choice(node, kinds)
        if kinds == ["dynamic"] and node.name in _FROM_JSON:
            return _FROM_JSON[node.name]
        wanted, result = self._known.functions.get(node.name, (None, ""))
        if wanted == TEXTS:
            wanted = (("string",),) * len(kinds)
        if wanted is None or len(kinds) != len(wanted):
            raise CannotRunError(f"the function `{node.name}` of {len(kinds)} is not checked")
        for kind, allowed in zip(kinds, wanted, strict=True):
            if kind not in allowed:
                raise CannotRunError(f"`{node.name}` of a {kind} is not checked")
        if node.name == "datetime_part":
            _check_part(node.args[0])
        return result

    def _member(self, base: ir.Expr) -> str:
        """Return the kind of what stands under a key of JSON in a string."""
        match base:
            case ir.FunctionCall(name="parse_json", args=(text,)) if self._known.reads_json:
                self._want("string", text)
                return "dynamic"
            case _:
                raise CannotRunError(f"a path into `{shown(base)}` is not checked")

    def _coalesce(self, kinds: Sequence[str]) -> str:
        if len(set(kinds)) > 1 or kinds[0] not in self._known.coalesces:
            raise CannotRunError(f"`coalesce` of a {' and a '.join(kinds)} is not checked")
        return kinds[0]


def _choice(node: ir.FunctionCall, kinds: Sequence[str]) -> str:
    """Return the kind of the results of `iff` or `case`, each but the last after its test."""
    tests, results = kinds[:-1:2], {*kinds[1::2], kinds[-1]}
    if set(tests) != {"bool"} or len(results) > 1:
        raise CannotRunError(f"`{shown(node)}` of {', '.join(kinds)} is not checked")
    return kinds[-1]


def _one_case(scope: dict[str, str]) -> dict[str, str]:
    """Return a scope again, in which no names differ in letter case only: SQL has none."""
    if len({name.lower() for name in scope}) < len(scope):
        raise CannotRunError("two columns whose names differ in letter case only")
    return scope


def _check_regex(pattern: str | None) -> None:
    if pattern is None:
        raise CannotRunError("a regular expression that is no literal is not checked")
    if _OTHER_LIBRARY.search(_LITERAL_ESCAPE.sub("", pattern)):
        raise CannotRunError(f"libraries disagree on the regular expression `{pattern}`")


def _check_term(needle: str | None) -> None:
    if not needle or not needle[0].isalnum() or not needle[-1].isalnum():
        raise CannotRunError(f"engines disagree on `has` with the edges of `{needle}`")


def _check_part(part: ir.Expr) -> None:
    if not isinstance(part, ir.Literal) or str(part.value) not in _PARTS:
        raise CannotRunError(f"the part `{shown(part)}` of a datetime is not checked")
