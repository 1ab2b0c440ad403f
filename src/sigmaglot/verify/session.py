"""Verify whole folders: paths in, verdicts out in order, with as many processes as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent import futures

from sigmaglot.errors import ConfigurationError, Diagnostic
from sigmaglot.events import ID_FIELD, Recorded, read_events
from sigmaglot.run import File, loaded_pipelines
from sigmaglot.source import Document, read_file
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Verdict

CHUNK = 8
"""Files that one task of a worker process verifies."""


def read_recorded(paths: Iterable[str]) -> tuple[list[Recorded], list[Diagnostic]]:
    """Return the events of files, and what could not be read of them."""
    events: list[Recorded] = []
    problems: list[Diagnostic] = []
    for path in paths:
        for one in read_events(path, ID_FIELD):
            if isinstance(one, Recorded):
                events.append(one)
            else:
                problems.append(one)
    return events, problems


def verify_files(
    files: Sequence[File],
    request: Request,
    events: Sequence[str] = (),
    pipelines: tuple[str, ...] = (),
    jobs: int = 1,
) -> Iterator[Verdict]:
    """Yield the verdicts of files in order; they do not depend on the number of jobs.

    ``events`` are files of recorded events, ``pipelines`` the texts of pySigma pipelines.

    Raises:
        ConfigurationError: A worker process ended early.
    """
    if jobs == 1 or len(files) <= CHUNK:
        yield from _make(request, events, pipelines).verify(_documents(files))
        return
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with futures.ProcessPoolExecutor(
        min(jobs, len(chunks)), initializer=_start, initargs=(request, events, pipelines)
    ) as pool:
        try:
            for found in pool.map(_verify_chunk, chunks):
                yield from found
        except futures.BrokenExecutor as error:
            raise ConfigurationError(
                "a worker process ended early; run again without `-j`"
            ) from error


def _documents(files: Iterable[File]) -> Iterator[Document | Diagnostic]:
    for path, problem in files:
        yield from (problem,) if problem else read_file(path)


def _make(request: Request, events: Sequence[str], pipelines: tuple[str, ...]) -> Verifier:
    recorded, _ = read_recorded(events)
    return Verifier(request, recorded, loaded_pipelines(pipelines))


_worker: list[Verifier] = []
"""The verifier of a worker process, made once when it starts."""


def _start(request: Request, events: Sequence[str], pipelines: tuple[str, ...]) -> None:
    _worker.append(_make(request, events, pipelines))


def _verify_chunk(files: Sequence[File]) -> list[Verdict]:
    return list(_worker[0].verify(_documents(files)))
