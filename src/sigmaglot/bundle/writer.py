"""Write files whole or not at all, with the same bytes on every system."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sigmaglot.bundle.names import FileNames
from sigmaglot.bundle.stream import Languages, written
from sigmaglot.compiler import Result
from sigmaglot.errors import Diagnostic, RuleError, UsageError
from sigmaglot.formats import Format, Setting


def encode(text: str) -> bytes:
    """Return text as UTF-8; what a file name holds beyond it is written as an escape."""
    return text.encode("utf-8", "backslashreplace")


def write_file(path: str | Path, pieces: Iterable[str]) -> None:
    """Write a text to a file, which has either its old content or the new, at every moment.

    Raises:
        UsageError: The file cannot be written.
    """
    goal = Path(os.path.realpath(path))
    try:
        if goal.exists() and not goal.is_file():  # a pipe or a device, which nothing can replace
            with goal.open("wb") as device:
                device.writelines(encode(piece) for piece in pieces)
        else:
            _replace(goal, pieces)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"{path} cannot be written: {reason}") from error


def _replace(goal: Path, pieces: Iterable[str]) -> None:
    draft = goal.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with draft.open("xb") as file:
            file.writelines(encode(piece) for piece in pieces)
        draft.replace(goal)
    finally:
        draft.unlink(missing_ok=True)


@dataclass(slots=True)
class FolderWriter:
    """Writes each result to a file of its own.

    Attributes:
        folder: Where the files go; made when the first is written.
        names: How they are called.
        form: How results are written.
        languages: Of each target.
    """

    folder: Path
    names: FileNames
    form: Format
    languages: Languages
    _taken: dict[str, str] = field(default_factory=dict)

    def write(self, results: Iterable[Result]) -> Iterator[Diagnostic]:
        """Write results and yield a diagnostic for each that has no file to go to.

        Raises:
            UsageError: A file cannot be written.
        """
        for result in written(results, self.form, tuple(self.languages)):
            try:
                self._write(result)
            except RuleError as error:
                yield error.diagnostic

    def _write(self, result: Result) -> None:
        language = self.languages[result.target]
        texts = list(self.form.write(result, Setting(language)))
        if not self.names.splits_queries:
            texts = [self.form.separator.join(f"{text}\n" for text in texts).removesuffix("\n")]
        extension = self.form.extension or (language.extension if language else "txt")
        for index, text in enumerate(texts, 1):
            self._write_one(result, self.names.name(result, index, extension), f"{text}\n")

    def _write_one(self, result: Result, name: str, text: str) -> None:
        key = os.path.normcase(name)
        if key in self._taken:
            raise RuleError(_collision(result, name, self._taken[key]))
        self._taken[key] = f"{result.info.path} for {result.target}"
        goal = self.folder / name
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"the folder {goal.parent} cannot be made: {reason}") from error
        write_file(goal, (text,))


def _collision(result: Result, name: str, owner: str) -> Diagnostic:
    return Diagnostic(
        "SG701",
        f"the output file `{name}` is taken by {owner}: not written for {result.target}",
        hint="tell them apart with `-ot`, such as `{target}/{path}/{id}.{ext}`",
        rule_id=result.info.id,
    ).at(result.info.path)
