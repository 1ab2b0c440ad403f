"""Read files, folders and standard input into YAML documents, or a diagnostic for each failure."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import yaml

from sigmaglot.errors import Diagnostic, RuleError, Severity
from sigmaglot.ir import Place
from sigmaglot.loader import DuplicateKeyError, Loader

MAX_BYTES = 8 * 1024 * 1024
"""Largest file that is read: far above any rule, far below what hurts."""
MAX_NODES = 1_000_000
"""Largest number of nodes of a document once its aliases are followed."""
MAX_DEPTH = 200
"""Deepest nesting that is handed to the YAML parser, whose recursion is native."""
SUFFIXES = (".yml", ".yaml")
STDIN = "-"
_AT_FIRST = 64 * 1024
"""Bytes that are asked for at first: to make room for MAX_BYTES takes longer than a rule."""
_DEEP_BLOCK = re.compile(rf"[ \t?:-]{{{MAX_DEPTH}}}")
"""What stands before a block that nests deeper: each level starts a column further to the right."""
_STEP = 20
_DEEP_SAMPLE = re.compile(rf"[ \t?:-]{{{MAX_DEPTH // _STEP}}}")
"""What is left of it in every twentieth character, which are looked at first: it is quicker."""
_OPENING = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
_PIPELINE_KEYS = {"transformations", "postprocessing", "finalizers"}
_RULE_KEYS = {"detection", "correlation", "filter"}


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: a map, where it came from, and the text to find positions in.

    Attributes:
        path: Of its file.
        index: Of the document in its file, from 0.
        data: The map.
        text: Of the whole file.
        section: The key that the text has in the place of ``detection``.
    """

    path: str
    index: int
    data: dict[str, Any]
    text: str
    section: str = "detection"

    @property
    def kind(self) -> str:
        """Return ``correlation`` or ``filter`` for such a document, ``detection`` for any other."""
        if "detection" in self.data:
            return "detection"
        return next((kind for kind in ("correlation", "filter") if kind in self.data), "detection")

    def position(self, place: Place) -> tuple[int, int]:
        """Return line and column, from 1, of the node at a place, or of its nearest parent.

        The text is parsed again for this: positions are only wanted when something is wrong.
        """
        return self.positions((place,))[0]

    def positions(self, places: Iterable[Place]) -> list[tuple[int, int]]:
        """Return the position of each place; the text is parsed once for all of them.

        It is parsed no further than this document: a later one may be broken.
        """
        nodes = yaml.compose_all(self.text, Loader=yaml.CSafeLoader)
        root = next(islice(nodes, self.index, None))
        return [_position(root, self._written(place)) for place in places]

    def _written(self, place: Place) -> Place:
        """Return a place as the text has it."""
        return (self.section, *place[1:]) if place[:1] == ("detection",) else place

    def diagnose(self, code: str, message: str, place: Place = (), hint: str = "") -> Diagnostic:
        """Return an error about the node at a place of this document."""
        line, column = self.position(place)
        rule_id = self.data.get("id")
        return Diagnostic(
            code, message, hint=hint, rule_id=rule_id if isinstance(rule_id, str) else ""
        ).at(self.path, line, column)

    def surprise(self, stage: str, error: Exception) -> Diagnostic:
        """Return the error of a bug that this document has shown."""
        return self.diagnose(
            "SG001",
            f"internal error at the stage «{stage}»: {type(error).__name__}: {error}",
            hint="this is a bug in Sigmaglot, not in the rule; please report it with the rule",
        )


def _position(node: Any, place: Place) -> tuple[int, int]:
    mark = node.start_mark
    for step in place:
        mark, node = _step(node, step, mark)
        if node is None:
            break
    return mark.line + 1, mark.column + 1


def _step(node: Any, step: str | int, mark: Any) -> tuple[Any, Any]:
    """Return the mark and the node one step down; the node is None where there is no such step."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        below = node.value[step]
        return below.start_mark, below
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark, value
    return mark, None


def read_documents(paths: Iterable[str]) -> Iterator[Document | Diagnostic]:
    """Yield every YAML document under the paths, in a fixed order, or a diagnostic in its place.

    Folders are read recursively for ``*.yml`` and ``*.yaml``; ``-`` is standard input.
    """
    for path, problem in find_files(paths):
        yield from (problem,) if problem else read_file(path)


def find_files(paths: Iterable[str]) -> Iterator[tuple[str, Diagnostic | None]]:
    """Yield each file under the paths, or a path with the diagnostic of why it cannot be read."""
    for path in paths:
        if path != STDIN and os.path.isdir(path):
            found = list(_walk(path, ()))
            yield from found or [(path, _nothing_in(path))]
        else:
            yield path, None


def _walk(
    folder: str, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, Diagnostic | None]]:
    try:
        found = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, _unreadable(folder, error)
        return
    here = (found.st_dev, found.st_ino)
    if here in above:
        yield (
            folder,
            Diagnostic(
                "SG108",
                "the link leads back to a folder above it",
                hint="remove the link, or name the folders to read one by one",
            ).at(folder),
        )
        return
    for entry in entries:
        if _is_folder(entry):
            yield from _walk(entry.path, (*above, here))
        elif entry.name.endswith(SUFFIXES):
            yield entry.path, None


def _nothing_in(folder: str) -> Diagnostic:
    return Diagnostic(
        "SG112",
        "the folder holds no rules",
        hint=f"rules are files that end in {' or '.join(SUFFIXES)}",
    ).at(folder)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def read_file(path: str) -> list[Document | Diagnostic]:
    """Return the documents of one file; a file that cannot be read is one diagnostic."""
    try:
        text = _decode(path, _read_bytes(path))
        return _documents(path, text)
    except RuleError as error:
        return [error.diagnostic]


def _read_bytes(path: str) -> bytes:
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(_AT_FIRST)
                if len(data) == _AT_FIRST:
                    data += file.read(MAX_BYTES + 1 - _AT_FIRST)
    except OSError as error:
        raise RuleError(_unreadable(path, error)) from error
    if len(data) > MAX_BYTES:
        raise RuleError(
            Diagnostic(
                "SG103",
                f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB",
                hint="split it into several files",
            ).at(path)
        )
    return data


def _unreadable(path: str, error: OSError) -> Diagnostic:
    reason = (error.strerror or str(error)).lower()
    return Diagnostic(
        "SG101", f"cannot be read: {reason}", hint="check the path and its permissions"
    ).at(path)


def _decode(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise RuleError(
            Diagnostic(
                "SG102",
                f"not UTF-8: byte 0x{data[error.start]:02x}",
                hint="save the file as UTF-8",
            ).at(path, line, column)
        ) from error


def _documents(path: str, text: str) -> list[Document | Diagnostic]:
    _check_depth(path, text)
    loader = Loader(text)
    found: list[Document | Diagnostic] = []
    index = 0
    try:
        while loader.check_data():  # type: ignore[no-untyped-call]
            data = loader.get_data()
            if data is not None:
                found.append(_document(path, index, data, text))
            index += 1
    except yaml.YAMLError as error:
        found.append(_yaml_problem(path, text, error))
    except RecursionError:
        found.append(_too_deep(path))
    finally:
        loader.dispose()
    return found or [
        Diagnostic("SG106", "the file holds no document", hint="write a rule").at(path)
    ]


def _document(path: str, index: int, data: Any, text: str) -> Document | Diagnostic:
    if "&" in text and _expanded_size(data) > MAX_NODES:
        return Diagnostic(
            "SG105",
            f"the aliases of the document expand to more than {MAX_NODES:,} nodes",
            hint="write the values out, or name them once",
        ).at(path)
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "a single value"
        line, column = Document(path, index, {}, text).position(())
        return Diagnostic(
            "SG107", f"the document is {kind}, not a map", hint="a rule starts with `title:`"
        ).at(path, line, column)
    if _PIPELINE_KEYS & data.keys() and not _RULE_KEYS & data.keys():
        return Diagnostic(
            "SG110",
            "a processing pipeline, not a rule: skipped",
            severity=Severity.NOTE,
            hint="apply it to the rules with `-p`",
        ).at(path)
    return Document(path, index, data, text)


def _check_depth(path: str, text: str) -> None:
    brackets = text.count("[") + text.count("{")
    blocks = _DEEP_SAMPLE.search(text[::_STEP]) and _DEEP_BLOCK.search(text)
    if (brackets > MAX_DEPTH or blocks) and _nests_too_deep(text):
        raise RuleError(_too_deep(path))


def _nests_too_deep(text: str) -> bool:
    """Count the nesting that YAML sees: what stands inside quoted or block text is data."""
    depth = 0
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, _OPENING):
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            elif isinstance(token, _CLOSING):
                depth -= 1
    except yaml.YAMLError:
        return False
    return False


def _too_deep(path: str) -> Diagnostic:
    return Diagnostic(
        "SG105", f"the document nests deeper than {MAX_DEPTH} levels", hint="flatten it"
    ).at(path)


def _expanded_size(data: Any) -> int:
    """Return how many nodes a value has with aliases followed; a cycle counts as too many."""
    sizes: dict[int, int] = {}

    def size(value: Any) -> int:
        if not isinstance(value, (dict, list)):
            return 1
        if id(value) not in sizes:
            sizes[id(value)] = MAX_NODES + 1
            below = value.values() if isinstance(value, dict) else value
            sizes[id(value)] = 1 + sum(size(item) for item in below)
        return sizes[id(value)]

    return size(data)


def _yaml_problem(path: str, text: str, error: yaml.YAMLError) -> Diagnostic:
    mark = error.problem_mark if isinstance(error, DuplicateKeyError) else None
    if isinstance(error, DuplicateKeyError) and mark is not None:
        return Diagnostic(
            "SG111",
            f"the key `{error.problem}` stands twice in one map",
            hint="merge the two, or use the `all` modifier for several values of one field",
        ).at(path, mark.line + 1, mark.column + 1)
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unreadable_character(path, text, error)
    unclosed = error.context == _IN_QUOTES
    where = error.context_mark if unclosed else error.problem_mark or error.context_mark
    line, column = (where.line + 1, where.column + 1) if where else (None, None)
    problem = error.problem or error.context or "the YAML parser gave no reason"
    if unclosed and problem == _AT_THE_END:
        problem = "the quote that opens here is not closed"
    return Diagnostic(
        "SG104", f"not valid YAML: {problem}", hint=_yaml_hint(text, problem, line)
    ).at(path, line, column)


_IN_QUOTES = "while scanning a quoted scalar"
_AT_THE_END = "found unexpected end of stream"


def _unreadable_character(path: str, text: str, error: yaml.YAMLError) -> Diagnostic:
    """Return the error of a character that YAML allows nowhere; the parser counts in bytes."""
    before = text.encode()[: getattr(error, "position", 0)]
    line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode()) + 1
    return Diagnostic(
        "SG104",
        f"not valid YAML: {error}".split("\n")[0],
        hint="remove the character, or write it as an escape in double quotes",
    ).at(path, line, column)


def _yaml_hint(text: str, problem: str, line: int | None) -> str:
    lines = text.splitlines()
    if line and line <= len(lines) and lines[line - 1].startswith("\t"):
        return "YAML indents with spaces, not tabs"
    for words, hint in _YAML_HINTS:
        if words in problem:
            return hint
    return "look at the indentation and the quotes before this place"


_YAML_HINTS = (
    ("is not closed", "close it; in single quotes a quote is doubled"),
    ("alias", "put a value that starts with `*` or `&` in quotes"),
    ("alphabetic or numeric character", "put a value that starts with `*` or `&` in quotes"),
    ("cannot start any token", "put a value that starts with a special character in quotes"),
    ("mapping values are not allowed", "put a value that holds a colon and a space in quotes"),
    ("the tag", "leave the tag out"),
    ("escape", "in double quotes a backslash is doubled; single quotes take it as it is"),
)


def steps_to(written: Any, count: int) -> list[str | int | None]:
    """Return the YAML step to each of a node's members, None where they do not correspond."""
    if isinstance(written, dict) and len(written) == count:
        return list(written)
    if isinstance(written, list) and len(written) == count:
        return list(range(count))
    return [None] * count


def descend(written: Any, step: str | int | None, place: Place) -> tuple[Any, Place]:
    """Return the member of a node at a step with its place, the node itself without a step."""
    return (written, place) if step is None else (written[step], (*place, step))
