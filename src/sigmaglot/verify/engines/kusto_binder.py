"""Microsoft's own Kusto parser and binder: whether a query would run, by the vendor's word.

The npm package ``@kusto/language-service-next`` is the language service of the Kusto editor. It
runs in one Node process, which starts with the first query and answers a JSON line with a JSON
line (``kusto_binder.js``). It knows the tables of one schema of `sigmaglot.verify.schemas` and
nothing else.

It does not see everything: ``FileName == 5`` binds, and so does a regex that RE2 refuses.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from sigmaglot.verify.engines.model import CannotRunError, Standing
from sigmaglot.verify.schemas import DEFENDER, tables_of

PACKAGE = "@kusto/language-service-next"
FOLDER_VARIABLE = "SIGMAGLOT_NODE_MODULES"
START_SECONDS = 60.0
QUERY_SECONDS = 30.0
_SCRIPT = Path(__file__).with_name("kusto_binder.js")


def find_binder(schema: str = DEFENDER) -> KustoBinder | str:
    """Return the binder of a schema's tables, or one sentence that says what is missing.

    The package is looked for in the folder that ``SIGMAGLOT_NODE_MODULES`` names, in
    ``node_modules`` of the working folder and its parents, then where ``npm install -g`` puts it.
    """
    node = shutil.which("node")
    if node is None:
        return "the Kusto binder needs Node.js, and there is no `node` on the PATH"
    folders = [os.environ[FOLDER_VARIABLE]] if os.environ.get(FOLDER_VARIABLE) else []
    command = [node, str(_SCRIPT), "find", *folders, str(Path.cwd())]
    try:
        # The command is Node and our own script.
        run = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=START_SECONDS, check=True
        )
        found = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return f"the Kusto binder needs Node.js, and `{node}` does not run: {error}"
    if found is None:
        return (
            f"the Kusto binder needs the npm package {PACKAGE}: run `npm install {PACKAGE}` here, "
            f"or name its node_modules folder in {FOLDER_VARIABLE}"
        )
    command = [node, str(_SCRIPT), "serve", found["folder"]]
    return KustoBinder(command, found["version"], schema=schema)


class KustoBinder:
    """The language service in its Node process; a context manager that ends the process.

    A query that kills or hangs Node raises CannotRunError, and the next query starts another
    process. A Node that does not start is not tried again.
    """

    name = "kusto-binder"
    standing = Standing.VENDOR

    def __init__(
        self,
        command: Sequence[str],
        version: str,
        start_seconds: float = START_SECONDS,
        query_seconds: float = QUERY_SECONDS,
        schema: str = DEFENDER,
    ) -> None:
        self._command = tuple(command)
        self._version = version
        self._start_seconds = start_seconds
        self._query_seconds = query_seconds
        self._schema = schema
        self._node: _Node | None = None
        self._broken = ""

    @property
    def title(self) -> str:
        """Return the package's name and version."""
        return f"Microsoft's {PACKAGE} {self._version}"

    def problems(self, query: str) -> tuple[str, ...]:
        """Return the errors that the service reports about a query, none where it binds.

        Each is its code, its message, and its place with the text there.

        Raises:
            CannotRunError: Node does not start, ended, gave no answer in time, or failed inside.
        """
        if not query.strip():
            return ("the query is empty",)
        answer = self._ask({"query": query})
        if "failed" in answer:
            raise CannotRunError(f"the Kusto binder failed on the query: {answer['failed']}")
        return tuple(_problem(one) for one in answer["problems"])

    def close(self) -> None:
        """End the Node process, where one runs."""
        if self._node is not None:
            self._node.end()
            self._node = None
            atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        node = self._started()
        try:
            return node.ask(message, self._query_seconds)
        except CannotRunError:
            self.close()
            raise

    def _started(self) -> _Node:
        if self._broken:
            raise CannotRunError(self._broken)
        if self._node is None:
            self._node = self._start()
            atexit.register(self.close)
        return self._node

    def _start(self) -> _Node:
        tables = {name: dict(columns) for name, columns in tables_of(self._schema).items()}
        try:
            node = _Node(self._command)
        except OSError as error:
            self._broken = f"the Kusto binder did not start: {error}"
            raise CannotRunError(self._broken) from error
        try:
            node.ask({"tables": tables}, self._start_seconds)
        except CannotRunError as error:
            node.end()
            self._broken = f"the Kusto binder did not start: {error}"
            raise CannotRunError(self._broken) from error
        return node


class _Node:
    """A Node process that answers each JSON line with one.

    Two threads hold its pipes, as neither reading nor writing a pipe has a timeout.
    """

    def __init__(self, command: Sequence[str]) -> None:
        with ExitStack() as kept:
            self._errors = kept.enter_context(tempfile.TemporaryFile())
            # The command is Node and our own script.
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
            kept.pop_all()
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._write, self._read)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return the answer to a message; raises CannotRunError where none comes in time."""
        self._questions.put(json.dumps(message).encode() + b"\n")
        try:
            answer: dict[str, Any] = json.loads(self._answers.get(timeout=seconds))
        except queue.Empty:
            raise CannotRunError(f"Node gave no answer within {seconds:g} seconds") from None
        except ValueError:
            raise CannotRunError(f"Node ended without an answer{self._last_words()}") from None
        return answer

    def end(self) -> None:
        """Kill the process and let go of its files."""
        self._process.kill()
        self._process.wait()
        self._questions.put(b"")
        for thread in self._threads:
            thread.join()
        for stream in (self._stdin, self._stdout, self._errors):
            with suppress(OSError):  # what a dead process left unread
                stream.close()

    def _write(self) -> None:
        with suppress(OSError):  # Node ended: the reading thread says so
            while line := self._questions.get():
                self._stdin.write(line)
                self._stdin.flush()

    def _read(self) -> None:
        for line in self._stdout:
            self._answers.put(line)
        self._answers.put(b"")  # the process ended

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in lines if "Error" in line), "")
        return f": {said}" if said else ""


def _problem(found: dict[str, Any]) -> str:
    text = f" `{found['text']}`" if found["text"] else ""
    place = f"line {found['line']}, column {found['column']}"
    return f"{found['code']} {found['message'].rstrip('.')}:{text} at {place}"
