"""Compile whole folders: paths in, results out in order, with as many processes as asked for."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sigmaglot import scan
from sigmaglot.compiler import Options, Result, check_unique, compile_documents
from sigmaglot.errors import ConfigurationError, Diagnostic, RuleError
from sigmaglot.frontend import PipelineError, load_pipelines
from sigmaglot.pipelines import load_pipeline
from sigmaglot.related import Related, relate_files
from sigmaglot.rule import RuleInfo
from sigmaglot.source import Document, find_files, read_file
from sigmaglot.targets import Target, load_language

if TYPE_CHECKING:
    from concurrent import futures

CHUNK = 16
"""Files that one task of a worker process compiles."""

File = scan.File
Task = tuple[tuple[Target, ...], Options, tuple[str, ...], Related]
Held = dict[str, list[Document | Diagnostic]]


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one document of a file; the document itself where it came by a pipe."""

    path: str
    number: int
    results: tuple[Result, ...]
    document: Document | Diagnostic | None = None


def read_pipelines(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the texts of the user's pySigma pipelines, each tried once.

    Raises:
        ConfigurationError: A file cannot be read, or is no processing pipeline.
    """
    return tuple(_read_pipeline(path) for path in paths)


_NO_PIPELINE = (
    PipelineError,
    yaml.YAMLError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
)
"""What pySigma raises on YAML that is no pipeline: it does not look before it reads."""


def _read_pipeline(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"pipeline {path}: cannot be read: {reason.lower()}") from error
    try:
        load_pipelines((text,))
    except _NO_PIPELINE as error:
        is_map = not isinstance(error, AttributeError)
        reason = " ".join(str(error).split()) if is_map else "the file holds no map"
        raise ConfigurationError(f"pipeline {path}: not a pySigma pipeline: {reason}") from error
    return text


@lru_cache(maxsize=256)
def loaded_pipelines(texts: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the pipelines of texts that were tried, in order of priority."""
    return tuple(load_pipelines(texts))


def check_targets(targets: Sequence[Target]) -> None:
    """Load what the targets need.

    Raises:
        ConfigurationError: A pipeline or a language is missing or broken.
    """
    for target in targets:
        if not target.is_pysigma:
            load_pipeline(target.pipeline)
            load_language(target.language)


def list_files(paths: Iterable[str]) -> list[File]:
    """Return the files under the paths in order, each with the reason why it cannot be read."""
    return list(find_files(paths))


def compile_files(
    files: Sequence[File],
    targets: Sequence[Target],
    options: Options,
    pipelines: tuple[str, ...] = (),
    jobs: int = 1,
    filters: Iterable[str] = (),
) -> Iterator[Result]:
    """Yield the results of files in order; they do not depend on the number of jobs.

    ``filters`` are files of Sigma filters besides those among the files.
    """
    library, related = relate_files(files, filters)
    yield from (Result(RuleInfo(one.path), "", diagnostics=(one,)) for one in related.extra)
    if jobs == 1 or len(files) <= 1:
        documents = read_files(files, library.held)
        loaded = loaded_pipelines(pipelines)
        yield from compile_documents(documents, targets, options, loaded, related)
        return
    task = (tuple(targets), options, pipelines, related)
    yield from _without_repetition(_parallel(files, task, jobs, library.held))


def read_related(
    paths: Iterable[str], filters: Iterable[str] = ()
) -> tuple[Iterator[Document | Diagnostic], Related]:
    """Return the documents under the paths, and what they do to each other.

    ``filters`` are files of Sigma filters besides those under the paths.
    """
    files = list_files(paths)
    library, related = relate_files(files, filters)
    return read_files(files, library.held), related


def read_files(files: Iterable[File], held: Held) -> Iterator[Document | Diagnostic]:
    """Yield the documents of files; ``held`` are those of files that were read already."""
    return (document for file in files for document in _read(file, held))


def _read(file: File, held: Held) -> Iterable[Document | Diagnostic]:
    path, problem = file
    if problem:
        return (problem,)
    return held.pop(path) if path in held else read_file(path)


def _parallel(files: Sequence[File], task: Task, jobs: int, held: Held) -> Iterator[Group]:
    """Yield groups in order; what came by a pipe is compiled here, where it was read."""
    from concurrent import futures  # noqa: PLC0415 - slow to import, only with `-j`

    piped = frozenset(held)
    chunks = _chunks(files, piped)
    ignore_interrupts = (signal.SIGINT, signal.SIG_IGN)  # the parent's one message is enough
    pool = futures.ProcessPoolExecutor(
        min(jobs, len(chunks)), initializer=signal.signal, initargs=ignore_interrupts
    )
    try:
        submitted = [
            None if chunk[0][0] in piped else pool.submit(_compile, chunk, task) for chunk in chunks
        ]
        for chunk, future in zip(chunks, submitted, strict=True):
            yield from _compile(chunk, task, held) if future is None else _result(chunk, future)
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(files: Sequence[File], piped: frozenset[str]) -> list[list[File]]:
    """Return the files in order, in chunks; what came by a pipe is alone in its chunk."""
    chunks: list[list[File]] = []
    for file in files:
        if not chunks or len(chunks[-1]) == CHUNK or piped & {file[0], chunks[-1][0][0]}:
            chunks.append([])
        chunks[-1].append(file)
    return chunks


def _result(chunk: list[File], future: futures.Future[list[Group]]) -> list[Group]:
    from concurrent import futures  # noqa: PLC0415 - as above

    try:
        return future.result()
    except futures.BrokenExecutor:
        return [Group(path, 0, (_lost(path),)) for path, _ in chunk]


def _lost(path: str) -> Result:
    diagnostic = Diagnostic(
        "SG001",
        "internal error: a worker process ended before the file was done",
        hint="the memory may have run out; find the file by running without `-j`",
    ).at(path)
    return Result(RuleInfo(path), "", diagnostics=(diagnostic,))


def _compile(files: list[File], task: Task, held: Held | None = None) -> list[Group]:
    """Return the groups of some files, without regard to ids that other files use."""
    targets, options, texts, related = task
    pipelines = loaded_pipelines(texts)
    return [
        Group(
            file[0],
            number,
            tuple(compile_documents([document], targets, options, pipelines, related)),
            document if held is not None else None,
        )
        for file in files
        for number, document in enumerate(_read(file, {} if held is None else held))
    ]


def _without_repetition(groups: Iterable[Group]) -> Iterator[Result]:
    """Yield the results of groups; those of a rule whose id was there before become an error."""
    seen: dict[str, str] = {}
    for group in groups:
        if not group.results:
            continue
        info = group.results[0].info
        is_parsed = bool(group.results[0].target)
        if is_parsed and info.id in seen:
            yield Result(info, "", diagnostics=(_repetition(group, info, seen),))
            continue
        if is_parsed and info.id:
            seen[info.id] = info.path
        yield from group.results


def _repetition(group: Group, info: RuleInfo, seen: dict[str, str]) -> Diagnostic:
    """Return what ``check_unique`` says; the file is read again, for the place of the id."""
    document = group.document or read_file(group.path)[group.number]
    if isinstance(document, Diagnostic):
        return document
    try:
        check_unique(document, info, seen)
    except RuleError as error:
        return error.diagnostic
    raise AssertionError(info.id)
