"""The names of output files, from a template and a result."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from string import Formatter

from sigmaglot.compiler import Result
from sigmaglot.errors import Diagnostic, RuleError, UsageError
from sigmaglot.source import STDIN

VARIABLES = ("path", "stem", "index", "target", "id", "ext")


@dataclass(frozen=True, slots=True)
class FileNames:
    """Names of output files inside one folder.

    Attributes:
        template: As ``str.format`` takes it, with ``VARIABLES``.
        roots: The paths that the user gave; ``{path}`` is a rule's folder below one.
    """

    template: str
    roots: Sequence[str] = ()

    @property
    def splits_queries(self) -> bool:
        """Return whether each query of a rule has a file of its own."""
        return "index" in _variables(self.template)

    def name(self, result: Result, index: int, extension: str) -> str:
        """Return the file of a result's query, with forward slashes.

        Raises:
            RuleError: It would lie outside the folder.
        """
        stem = "stdin" if result.info.path == STDIN else PurePath(result.info.path).stem
        values = {
            "path": self._folder(result.info.path),
            "stem": stem,
            "index": index,
            "target": result.target.replace(":", "-"),
            "id": result.info.id or stem,
            "ext": extension,
        }
        name = posixpath.normpath(self.template.format(**values).lstrip("/"))
        if _escapes(name):
            raise RuleError(
                Diagnostic(
                    "SG701",
                    f"the output file `{name}` would lie outside the folder",
                    hint="choose another name with `-ot`",
                ).at(result.info.path)
            )
        return name

    def _folder(self, path: str) -> str:
        for root in self.roots:
            prefix = root.rstrip(os.sep) + os.sep
            if path.startswith(prefix):
                return PurePath(path.removeprefix(prefix)).parent.as_posix()
        return ""


def check_template(template: str) -> str:
    """Return a template that can be used.

    Raises:
        UsageError: It is malformed, names an unknown variable, or leads out of the folder.
    """
    unknown = _variables(template) - set(VARIABLES)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise UsageError(f"`{{{min(unknown)}}}` is no variable of file names; there are {known}")
    try:
        name = template.format(path="p", stem="s", index=1, target="t", id="i", ext="e")
    except (ValueError, LookupError) as error:
        raise UsageError(f"the template of file names is malformed: {error}") from error
    if not name or name.endswith("/") or name.startswith("/") or _escapes(posixpath.normpath(name)):
        raise UsageError(f"the template `{template}` names no file inside the output folder")
    return template


def _variables(template: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise UsageError(f"the template of file names is malformed: {error}") from error


def _escapes(name: str) -> bool:
    return name in {".", ".."} or name.startswith(("../", "/")) or PurePath(name).is_absolute()
