"""Make a faulty program: load the mutated module, and anew every module that uses it."""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from functools import cache
from types import CodeType, ModuleType
from typing import Any

PACKAGES = ("sigmaglot", "sigmaglot_backends")
BY_NAME = "sigmaglot.targets"
"""The module that loads backends by their names, so no import statement shows it."""
WANTED = ("sigmaglot.compiler", "sigmaglot.verify.run", "sigmaglot.targets")
"""What a trial needs of a program."""


def load_modules() -> dict[str, Any]:
    """Return the modules of the program as it is now."""
    return {name: importlib.import_module(name) for name in WANTED}


def load_with(name: str, tree: ast.Module) -> dict[str, Any]:
    """Return the modules of a program in which one module has another source."""
    code = compile(ast.fix_missing_locations(tree), sys.modules[name].__file__ or name, "exec")
    sys.meta_path.insert(0, _Planted(name, code))
    return load_anew(name)


def load_anew(name: str) -> dict[str, Any]:
    """Return the modules of a program whose module of one name was loaded again.

    Whatever was built from the old module at import (tables, writers, caches) is built again: all
    modules that import it, however far away, are loaded anew. Modules that do not know it stay, so
    rules and events that were read before can be used on. The old program still works.
    """
    for user in users_of(name):
        del sys.modules[user]
    return load_modules()


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and loads it from the code given."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name = name
        self._code = code

    def find_spec(
        self, fullname: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self._code.co_filename)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def users_of(name: str) -> set[str]:
    """Return the loaded modules that import one, directly or not, and the module itself."""
    found = {name}
    while True:
        more = {user for user, used in _imports().items() if used & found} - found
        if not more:
            return found
        found |= more


@cache
def _imports() -> dict[str, frozenset[str]]:
    ours = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    found = {name: frozenset(_imported(name)) for name in ours}
    by_name = frozenset(name for name in ours if name.startswith(PACKAGES[1]))
    return {**found, BY_NAME: found[BY_NAME] | by_name}


def _imported(name: str) -> set[str]:
    source = importlib.util.find_spec(name).loader.get_source(name)  # type: ignore[union-attr]
    found: set[str] = set()
    for node in ast.walk(ast.parse(source or "")):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found & sys.modules.keys()
