"""The kinds of fault, each a few functions from a place to what may go wrong there."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

from mutation import words
from mutation.words import Change


def _name(node: ast.AST) -> str:
    """Return the last name of `a`, `a.b` or a call of one of them, empty for anything else."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    return getattr(node, "attr", getattr(node, "id", ""))


def _renamed(node: ast.AST, name: str) -> ast.AST:
    if isinstance(node, ast.Attribute):
        return ast.Attribute(node.value, name, ast.Load())
    return ast.Name(name, ast.Load())


def _is_read(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Load)


def drop_not(site: Any) -> Iterator[Change]:
    """Drop a NOT of the tree, or of the code that writes it."""
    match site.node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "`not` of a condition dropped", operand
        case ast.Call(args=[first, *_]) if _name(site.node) in {"Not", "negate"}:
            yield f"`{_name(site.node)}` dropped", first
        case ast.keyword(arg="under_not", value=ast.Constant(value=True)):
            yield "`under_not` forgotten", ast.keyword("under_not", ast.Constant(False))


_OPPOSITE = {"all_of": "any_of", "join_all": "join_any", "And": "Or", "all": "any"}
_OPPOSITE |= {value: key for key, value in _OPPOSITE.items()}


def swap_junction(site: Any) -> Iterator[Change]:
    """Build or ask for the other of AND and OR."""
    node, parent = site.node, site.parent
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        words_ = "`and` → `or`" if isinstance(node.op, ast.And) else "`or` → `and`"
        yield f"{words_} of a condition", ast.BoolOp(other, node.values)
    called = isinstance(parent, ast.Call) and (node is parent.func or _name(parent) == "isinstance")
    joins = isinstance(parent, ast.Attribute) and _name(getattr(node, "value", node)) == "self"
    if _name(node) in _OPPOSITE and not isinstance(node, ast.Call) and (called or joins):
        name = _name(node)
        yield f"`{name}` → `{_OPPOSITE[name]}`", _renamed(node, _OPPOSITE[name])


_CASE_QUESTIONS = {
    "cased",
    "_run_cased",
    "ignores_case",
    "_ignores_case",
    "has_letters",
    "canonical",
}


def answer_case(site: Any) -> Iterator[Change]:
    """Answer a question about letter case without looking."""
    node = site.node
    if _name(node) in _CASE_QUESTIONS and (isinstance(node, ast.Call) or _is_read(node)):
        is_called = isinstance(site.parent, ast.Call) and site.parent.func is node
        if not is_called and not isinstance(site.parent, ast.Attribute):
            for answer in (True, False):
                yield f"`{_name(node)}` → `{answer}`", ast.Constant(answer)
    match node:
        case ast.keyword(arg="cased" | "canonical" | "fold", value=ast.Constant(value=value)):
            yield f"`{node.arg}` → `{not value}`", ast.keyword(node.arg, ast.Constant(not value))


def drop_case_call(site: Any) -> Iterator[Change]:
    """Leave a text in the case that it has, or an expression without its flags."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=value, attr="lower" | "upper" as name), args=[]):
            yield f"`.{name}()` dropped", value
        case ast.Call(args=[_]) if _name(site.node) == "inline_flags":
            yield "`inline_flags` dropped", ast.Constant("")
        case ast.Call(args=[leaf]) if _name(site.node) == "uncased":
            yield "`uncased` dropped", leaf


_ESCAPES = frozenset(
    {"quote", "quote_regex", "_escape", "escape_regex", "_safe", "_bare", "_control", "column"}
    | {"_field_name", "_eval_name", "_selector_value", "_literal"}
)


def drop_escape(site: Any) -> Iterator[Change]:
    """Write a text as it is."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=text, attr="replace"), args=[old, _]):
            yield f"`.replace({ast.unparse(old)}, …)` dropped", text
        case ast.Call(args=[text], keywords=[]) if _name(site.node) in _ESCAPES:
            yield f"`{_name(site.node)}` dropped", text
        case ast.Call(func=ast.Attribute(attr="isprintable")):
            yield "`isprintable` not asked", ast.Constant(True)
        case ast.Compare(left=ast.Constant(value=str(char)), ops=[ast.In()]) if len(char) == 1:
            yield f"`{char}` not looked for", ast.Constant(False)


def drop_escaped(site: Any) -> Iterator[Change]:
    """Forget one of the characters that are escaped, or that are looked for."""
    match site.node:
        case ast.Dict(keys=keys, values=values) if keys and all(map(_is_character, keys)):
            for at, key in enumerate(keys):
                rest = ast.Dict(_without(keys, at), _without(values, at))
                yield f"{ast.unparse(key)} forgotten", rest
        case ast.Set(elts=items) if len(items) > 1 and all(map(_is_character, items)):
            for at, item in enumerate(items):
                yield f"{ast.unparse(item)} forgotten", ast.Set(_without(items, at))
        case ast.Constant(value=str(text)) if _is_character_set(site, text):
            for at, char in enumerate(text):
                if char not in "[]" or not _is_split(site):
                    yield f"{char!r} forgotten", ast.Constant(text[:at] + text[at + 1 :])


def _is_character(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) == 1


def _is_character_set(site: Any, text: str) -> bool:
    if len(text) < 2 or re.search(r"\w", text):
        return False
    iterated = isinstance(site.parent, (ast.comprehension, ast.Compare, ast.BinOp))
    return iterated or _name(site.parent) in {"frozenset", "set"} or _is_split(site)


def _is_split(site: Any) -> bool:
    return isinstance(site.parent, ast.Call) and ast.unparse(site.parent.func) == "re.split"


def _without(items: list[Any], at: int) -> list[Any]:
    return [*items[:at], *items[at + 1 :]]


def write_bare(site: Any) -> Iterator[Change]:
    """Write an operand without asking whether it needs parentheses."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=writer, attr="operand"), args=[node]):
            yield "`operand` → `write`", ast.Call(_method(writer, "write"), [node], [])
        case ast.Call(func=ast.Attribute(value=writer, attr="_operand"), args=[node, under_not]):
            given = [ast.keyword("under_not", under_not)]
            yield "`_operand` → `write`", ast.Call(_method(writer, "write"), [node], given)


def _method(value: ast.AST, name: str) -> ast.Attribute:
    return ast.Attribute(value, name, ast.Load())  # type: ignore[arg-type]


_NEIGHBOURS = {"name": ("domain", "column"), "domain": ("name",), "column": ("name",)}


def use_neighbour(site: Any) -> Iterator[Change]:
    """Use another column of the same entry or leaf."""
    match site.node:
        case ast.Constant(value=str(role)) if _is_role(site) and role in _NEIGHBOURS:
            for other in _NEIGHBOURS[role]:
                yield f"the role {role} → {other}", ast.Constant(other)
        case ast.Attribute(value=value, attr="text" | "base" as kind) if _name(value) == "column":
            yield f"`.{kind}` → `.name`", _method(value, "name")
        case ast.Attribute(value=value, attr="other") if _is_read(site.node):
            yield "`.other` → `.field`", _method(value, "field")
        case ast.Call(func=ast.Name(id="_text_column"), args=[column]) if site.part != "kusto":
            yield "`_text_column` dropped", column


def _is_role(site: Any) -> bool:
    return isinstance(site.parent, ast.Subscript) and _name(site.parent.value) == "columns"


def swap_columns(site: Any) -> Iterator[Change]:
    """Give two columns in the other order."""
    match site.node:
        case ast.Call(func=func, args=[*first, ast.Name("domain") as one, ast.Name("name") as two]):
            yield "domain and name swapped", ast.Call(func, [*first, two, one], site.node.keywords)
        case ast.Tuple(elts=[ast.Name("domain") as one, ast.Name("name") as two]) if _is_read(
            site.node
        ):
            yield "domain and name swapped", ast.Tuple([two, one], ast.Load())


_LISTED = frozenset({"all_of", "any_of", "join_all", "join_any", "fromkeys", "And", "Or", "join"})


def drop_listed(site: Any) -> Iterator[Change]:
    """Drop the first or the last item of what is joined or added."""
    match site.node:
        case ast.Call(func=func, args=[items]) if _name(func) in _LISTED:
            for which, fewer in _fewer(items):
                call = ast.Call(func, [fewer], site.node.keywords)
                yield f"{which} item of `{_name(func)}` dropped", call
        case ast.AugAssign(target=target, op=ast.Add(), value=items):
            if not isinstance(items, (ast.Constant, ast.Compare)):
                for which, fewer in _fewer(items):
                    yield f"{which} item added dropped", ast.AugAssign(target, ast.Add(), fewer)


def _fewer(items: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(items, ast.List) and len(items.elts) == 1:
        yield "only", ast.List([], ast.Load())
        return
    for which, part in (("first", ast.Slice(ast.Constant(1))), ("last", _until_last())):
        listed = ast.Call(ast.Name("list", ast.Load()), [items], [])
        yield which, ast.Subscript(listed, part, ast.Load())


def _until_last() -> ast.Slice:
    return ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)))


def drop_member(site: Any) -> Iterator[Change]:
    """Drop the first or the last member of a sequence that is written out."""
    node = site.node
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and _is_open_ended(site):
        for which, at in (("first", 0), ("last", len(node.elts) - 1)):
            rest = _without(node.elts, at)
            new = ast.Set(rest) if isinstance(node, ast.Set) else type(node)(rest, ast.Load())
            yield f"{which} member dropped", new


def _is_open_ended(site: Any) -> bool:
    """Return whether a sequence may have any number of members, and goes into a query.

    Types that are asked for together and kinds of match that share a handler are no such lists.
    """
    node, parent = site.node, site.parent
    if len(node.elts) < 2 or any(map(_is_character, node.elts)):
        return False
    if isinstance(node, ast.Set) or any(isinstance(one, ast.Starred) for one in node.elts):
        return _name(parent) != "rows"
    if not _is_read(node) or any(isinstance(one, ast.Constant) for one in node.elts):
        return False
    iterated = isinstance(parent, (ast.For, ast.comprehension, ast.Assign))
    return isinstance(node, ast.List) or (iterated and not _is_unpacked(parent))


def _is_unpacked(parent: ast.AST) -> bool:
    return isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)


def add_anchor(site: Any) -> Iterator[Change]:
    """Anchor the rule's own regular expression, or take the room around it away."""
    node, parent = site.node, site.parent
    if _name(node) == "regex" and _is_read(node):
        if isinstance(parent, (ast.FormattedValue, ast.BinOp)):
            yield "`^` added", ast.BinOp(ast.Constant("^"), ast.Add(), node)
            yield "`$` added", ast.BinOp(node, ast.Add(), ast.Constant("$"))
    if isinstance(parent, ast.FormattedValue) and _name(node) == "_ANY":
        yield "`_ANY` dropped", ast.Constant("")


_SHAPES = {
    "EQUALS": ("CONTAINS",),
    "STARTSWITH": ("EQUALS", "CONTAINS"),
    "ENDSWITH": ("EQUALS", "CONTAINS"),
    "CONTAINS": ("STARTSWITH", "ENDSWITH"),
}


def change_shape(site: Any) -> Iterator[Change]:
    """Take one shape of match for another that is anchored elsewhere."""
    match site.node:
        case ast.Attribute(value=ast.Name("Shape") as shape, attr=name) if name in _SHAPES:
            for other in _SHAPES[name]:
                yield f"`{name}` → `{other}`", _method(shape, other)


OPERATORS: dict[str, tuple[Callable[[Any], Iterator[Change]], ...]] = {
    "drop a NOT": (drop_not, words.drop_negation),
    "swap AND and OR": (swap_junction, words.swap_connective),
    "forget case": (answer_case, drop_case_call, words.change_case_word, words.drop_lower),
    "forget an escape": (drop_escape, drop_escaped),
    "lose a parenthesis": (write_bare, words.drop_parentheses),
    "use the neighbour column": (use_neighbour, swap_columns),
    "drop a list item": (drop_listed, drop_member),
    "anchor a regex": (add_anchor, change_shape, words.change_anchor),
}
"""The kinds of fault in the issue's words, and how each is planted."""
