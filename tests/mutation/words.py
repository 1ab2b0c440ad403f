"""Faults in the words of a language: the texts that a renderer puts into a query."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

Change = tuple[str, ast.AST]
"""What is done in words, and the node that takes the old one's place."""


def drop_negation(site: Any) -> Iterator[Change]:
    """Drop one word or sign that negates."""
    instead = {"car": ("!=", "=="), "dnif_fetch": ("NOT ", "AND ")}.get(site.part)
    for found, text in _each(site.node, r"\b(?:not|NOT) |\bnot(?=\()|(?<=is)not(?=null|empty)|!="):
        new = instead[1] if instead and instead[0] == found[0] else "=" if found[0] == "!=" else ""
        yield f"`{found[0]}` dropped", ast.Constant(_cut(text, found, new))
    if site.part == "logpoint":
        for found, text in _each(site.node, r"(?<![\w\])])-(?=\(|$)"):
            yield "`-` dropped", ast.Constant(_cut(text, found, ""))


def swap_connective(site: Any) -> Iterator[Change]:
    """Put OR where AND stands, or AND where OR stands."""
    swapped = {"and": "or", "or": "and", "AND": "OR", "OR": "AND"}
    for found, text in _each(site.node, r"(?<= )(?:and|or|AND|OR)(?= )"):
        yield f"`{found[0]}` swapped", ast.Constant(_cut(text, found, swapped[found[0]]))
    if site.part in {"spl", "logpoint"} and _text(site.node) == " ":
        yield "AND (a blank) swapped", ast.Constant(" OR ")


_CASES = {
    "=~": "==",
    "==": "=~",
    "in~": "in",
    "in": "in~",
    "contains": "contains_cs",
    "contains_cs": "contains",
    "startswith": "startswith_cs",
    "startswith_cs": "startswith",
    "endswith": "endswith_cs",
    "endswith_cs": "endswith",
}
"""Kusto's operators without and with letter case."""
_FLAGS = {"(?s)": "(?is)", "(?is)": "(?s)", "is": "s", "s": "is", "i": "", "(?i)": ""}


def change_case_word(site: Any) -> Iterator[Change]:
    """Write the operator or the flag of the other letter case."""
    text = _text(site.node)
    if site.part == "kusto" and text in _CASES:
        yield f"`{text}` → `{_CASES[text]}`", ast.Constant(_CASES[text])
    elif text in _FLAGS and not _is_argument(site, "startswith", "removeprefix"):
        yield f"`{text}` → `{_FLAGS[text]}`", ast.Constant(_FLAGS[text])


def drop_lower(site: Any) -> Iterator[Change]:
    """Write a column without the function that lower-cases it."""
    if isinstance(site.node, ast.JoinedStr):
        template, parts = _template(site.node)
        for found in re.finditer(r"\blower\((\0)\)", template):
            text = template[: found.start()] + found[1] + template[found.end() :]
            yield "`lower()` dropped", _joined(text, parts)


_ANCHORING = {
    "contains": "startswith",
    "contains_cs": "startswith_cs",
    "startswith": "contains",
    "startswith_cs": "contains_cs",
    "endswith": "contains",
    "endswith_cs": "contains_cs",
}
_WILDCARDS = frozenset({"%", "*", ".*", r"[\s\S]*"})


def change_anchor(site: Any) -> Iterator[Change]:
    """Take an anchor away, or a wildcard, which is the same as setting one."""
    text = _text(site.node)
    if site.part == "kusto" and text in _ANCHORING:
        yield f"`{text}` → `{_ANCHORING[text]}`", ast.Constant(_ANCHORING[text])
    if text in _WILDCARDS:
        yield f"`{text}` dropped", ast.Constant("")
    for found, whole in _each(site.node, r"(?<![\\\[])\^|(?<!\\)\$$|\\z"):
        if site.part != "kibana_kql" and not _is_table(site):
            yield f"`{found[0]}` dropped", ast.Constant(_cut(whole, found, ""))


def drop_parentheses(site: Any) -> Iterator[Change]:
    """Drop a pair of parentheses that groups; those of functions and lists stay."""
    if isinstance(site.parent, ast.JoinedStr) or _is_table(site):
        return
    template, parts = _template(site.node)
    for start, opening, end in _groups(template):
        inside = template[start + len(opening) : end]
        text = template[:start] + inside + template[end + 1 :]
        shown = template[start : end + 1].replace("\0", "{}")
        new = _joined(text, parts) if isinstance(site.node, ast.JoinedStr) else ast.Constant(text)
        yield f"parentheses of `{shown}` dropped", new


def _groups(template: str) -> Iterator[tuple[int, str, int]]:
    """Yield start, opening and end of each pair that groups."""
    waiting: list[tuple[int, str]] = []
    for found in re.finditer(r"\(\?[a-zA-Z]+\)|\(\?:|\(\?|\\.|[()]", template):
        if found[0].startswith("(") and not found[0].endswith(")"):
            waiting.append((found.start(), found[0]))
        elif found[0] == ")" and waiting:
            start, opening = waiting.pop()
            if opening == "(?:" or (opening == "(" and _may_group(template[:start])):
                yield start, opening, found.start()


def _may_group(before: str) -> bool:
    is_list = re.search(r"\b(in|IN|in~) $", before)
    return not is_list and not re.search(r"[\w\0]$", before)


def _each(node: ast.AST, pattern: str) -> Iterator[tuple[re.Match[str], str]]:
    text = _text(node)
    if text is not None:
        for found in re.finditer(pattern, text):
            yield found, text


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _cut(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]


def _template(node: ast.AST) -> tuple[str, list[ast.AST]]:
    """Return an f-string's text with a NUL for each expression, and the expressions."""
    if not isinstance(node, ast.JoinedStr):
        return _text(node) or "", []
    parts = [one for one in node.values if not isinstance(one, ast.Constant)]
    return "".join(_text(one) or "\0" for one in node.values), parts


def _joined(template: str, parts: list[ast.AST]) -> ast.JoinedStr:
    waiting = iter(parts)
    pieces = filter(None, re.split("(\0)", template))
    values = [next(waiting) if piece == "\0" else ast.Constant(piece) for piece in pieces]
    return ast.JoinedStr(values)  # type: ignore[arg-type]


def _is_argument(site: Any, *methods: str) -> bool:
    func = getattr(site.parent, "func", None)
    return isinstance(func, ast.Attribute) and func.attr in methods


def _is_table(site: Any) -> bool:
    """Return whether a text is a set of characters or a pattern of the compiler's own."""
    callers = {getattr(one.func, "attr", "") for one in site.parents if isinstance(one, ast.Call)}
    named = {getattr(one.func, "id", "") for one in site.parents if isinstance(one, ast.Call)}
    return bool(
        (callers & {"compile", "match", "split", "fullmatch"}) | (named & {"frozenset"})
    ) or (isinstance(site.parent, (ast.Dict, ast.comprehension, ast.Set)))
