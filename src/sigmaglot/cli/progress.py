"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator

from sigmaglot.compiler import Result

INTERVAL = 0.1
"""Seconds between two pictures of the bar."""


def watch(results: Iterable[Result], files: int, *, to_stdout: bool) -> Iterator[Result]:
    """Yield the results unchanged; on a terminal that they do not fill, a bar counts the files."""
    if not sys.stderr.isatty() or (to_stdout and sys.stdout.isatty()):
        return iter(results)
    return _with_bar(results, files)


def _with_bar(results: Iterable[Result], files: int) -> Iterator[Result]:
    """Draw the bar from this thread alone: worker processes may be forked while it is shown."""
    from rich import progress as bars  # noqa: PLC0415 - only where a bar is seen
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.TextColumn("compiling"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    path, drawn = None, 0.0
    with bars.Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("files", total=files)
        for result in results:
            if result.info.path != path:
                path = result.info.path
                progress.advance(task)
            if time.monotonic() - drawn > INTERVAL:
                drawn = time.monotonic()
                progress.refresh()
            yield result
