"""Verify whole folders: paths in, verdicts out in order, with as many processes as asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent import futures

from sigmaglot.errors import ConfigurationError, Diagnostic, Severity
from sigmaglot.events import ID_FIELD, Recorded, read_events
from sigmaglot.related import Related, relate_files
from sigmaglot.run import File, loaded_pipelines, read_files
from sigmaglot.scan import Files
from sigmaglot.verify.request import Request
from sigmaglot.verify.run import Verifier
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
    found: tuple[Files, Related] | None = None,
) -> Iterator[Verdict]:
    """Yield the verdicts of files in order; they do not depend on the number of jobs.

    ``events`` are files of recorded events, ``pipelines`` the texts of pySigma pipelines, ``found``
    what `relate_files` says of the files. What came by a pipe is verified in this process.

    Raises:
        ConfigurationError: A worker process ended early.
    """
    library, related = found or relate_files(files)
    if jobs == 1 or len(files) <= CHUNK or library.held:
        verifier = _make(request, events, pipelines, related)
        yield from verifier.verify(read_files(files, library.held))
        return
    chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
    with futures.ProcessPoolExecutor(
        min(jobs, len(chunks)), initializer=_start, initargs=(request, events, pipelines, related)
    ) as pool:
        try:
            for verdicts in pool.map(_verify_chunk, chunks):
                yield from verdicts
        except futures.BrokenExecutor as error:
            raise ConfigurationError(
                "a worker process ended early; run again without `-j`"
            ) from error


def filter_warnings(related: Related) -> list[Diagnostic]:
    """Return what is to be said of filters, but for those among the files that are not valid."""
    among = (one for _, found in related.said for one in found)
    return [*related.extra, *(one for one in among if one.severity is not Severity.ERROR)]


def _make(
    request: Request, events: Sequence[str], pipelines: tuple[str, ...], related: Related
) -> Verifier:
    recorded, _ = read_recorded(events)
    return Verifier(request, recorded, loaded_pipelines(pipelines), related)


_worker: list[Verifier] = []
"""The verifier of a worker process, made once when it starts."""


def _start(
    request: Request, events: Sequence[str], pipelines: tuple[str, ...], related: Related
) -> None:
    _worker.append(_make(request, events, pipelines, related))


def _verify_chunk(files: Sequence[File]) -> list[Verdict]:
    return list(_worker[0].verify(read_files(files, {})))
