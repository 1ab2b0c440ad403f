"""Find the places of a module that write queries, and plant faults there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutation import program
from mutation.mutants import REWRITES, ROOT, SHARED, Mutant, Place, replace_node
from mutation.operators import OPERATORS

_BACKENDS = ROOT / "backends" / "sigmaglot_backends"
_LIBRARY = ROOT / "src" / "sigmaglot"

_MESSAGES = frozenset(
    {"note", "Note", "other_form", "cannot_say", "TypeError", "ValueError", "TooManyQueriesError"}
)
"""Calls whose arguments are words for people."""
_WORDS = frozenset({"NAME", "message", "why", "caveat", "__all__", "_CUTS"})
"""Variables that hold words for people; and where the tokenizer cuts, which is written nowhere."""
_NOT_RUN = frozenset({"comment", "leaf_text", "_incomplete", "_lost"})
"""Functions whose result stands in no query: comments, explanations, notes."""


@dataclass(frozen=True)
class Source:
    """A module that is hurt, and the part that it belongs to."""

    part: str
    path: Path

    @property
    def module(self) -> str:
        """Return the name that the module is imported by."""
        base = _BACKENDS.parent if self.path.is_relative_to(_BACKENDS) else _LIBRARY.parent
        return ".".join(self.path.relative_to(base).with_suffix("").parts)


def sources() -> Iterator[Source]:
    """Yield the renderers, the writing that they share, and the rewrites of mappings."""
    for path in sorted(_BACKENDS.glob("*/*.py")):
        if path.name != "__init__.py":
            yield Source(path.parent.name, path)
    for name in ("bounds", "regexes", "shape", "text"):
        yield Source(SHARED, _LIBRARY / "language" / f"{name}.py")
    yield Source(REWRITES, _LIBRARY / "pipelines" / "bind.py")
    for path in sorted((_LIBRARY / "pipelines" / "rewrites").glob("*.py")):
        if path.name != "__init__.py":
            yield Source(REWRITES, path)


def python_mutants() -> Iterator[Mutant]:
    """Yield every mutant of every module."""
    for source in sources():
        yield from _mutants_of(source)


@dataclass(frozen=True)
class Site:
    """A node where a fault may be planted, and what stands around it.

    Attributes:
        node: The node.
        parents: From the module down to the node's own parent.
        part: Of the module.
    """

    node: ast.AST
    parents: tuple[ast.AST, ...]
    part: str

    @property
    def parent(self) -> ast.AST:
        """Return the node's own parent."""
        return self.parents[-1]

    @property
    def scope(self) -> str:
        """Return the function that the node stands in, empty at the module's own level."""
        named = (ast.FunctionDef, ast.ClassDef)
        return ".".join(one.name for one in self.parents if isinstance(one, named))

    @property
    def first_line(self) -> int:
        """Return the first line of the function around; 0 where a call may go unseen."""
        around = [one for one in self.parents if isinstance(one, ast.FunctionDef)][-1:]
        return around[0].lineno if around and not around[0].decorator_list else 0

    @property
    def number(self) -> int:
        """Return the line; a part of an f-string stands where the whole begins."""
        above = (one for one in self.parents if isinstance(one, ast.JoinedStr))
        for node in (*above, self.node, *reversed(self.parents)):
            if hasattr(node, "lineno"):
                return int(node.lineno)
        return 1


def _mutants_of(source: Source) -> Iterator[Mutant]:
    text = source.path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    lines = text.splitlines()
    module = source.path.relative_to(ROOT).as_posix()
    for site in _sites(tree, (), source.part):
        line = lines[site.number - 1].strip()
        function = (str(source.path), site.first_line) if site.first_line else None
        place = Place(source.part, module, site.scope, line, site.number, function)
        for operator, functions in OPERATORS.items():
            for function in functions:
                for change, new in function(site):
                    yield Mutant(
                        operator, change, place, _planter(source.module, tree, site.node, new)
                    )


def _planter(
    module: str, tree: ast.Module, old: ast.AST, new: ast.AST
) -> Callable[[], dict[str, Any]]:
    def plant() -> dict[str, Any]:
        """Change the tree itself: whoever calls this is a process of its own."""
        replace_node(tree, old, new)
        return program.load_with(module, tree)

    return plant


def _sites(node: ast.AST, parents: tuple[ast.AST, ...], part: str) -> Iterator[Site]:
    if parents:
        yield Site(node, parents, part)
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and _writes(child):
                yield from _sites(child, (*parents, node), part)


def _writes(node: ast.AST) -> bool:
    """Return whether a node may have to do with what stands in a query."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Raise() | ast.MatchValue():
            return False
        case ast.Expr(value=ast.Constant()):  # a docstring
            return False
        case ast.FunctionDef(name=name):
            return name not in _NOT_RUN
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name not in _MESSAGES
        case ast.Assign(targets=[ast.Name(id=name), *_]):
            return name not in _WORDS
        case ast.If(test=test) | ast.IfExp(test=test):
            return not _asks_for_hunt(test)
        case _:
            return True


def _asks_for_hunt(test: ast.AST) -> bool:
    """Return whether a test asks for the form for people, which is never verified."""
    words = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(test)}
    return bool(words & {"hunt", "TYPE_CHECKING"})
