"""The library in one call, by names and paths; ``from sigmaglot import compile`` leads here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sigmaglot.compiler import Options, Result
from sigmaglot.errors import UsageError
from sigmaglot.run import check_targets, compile_files, list_files, read_pipelines
from sigmaglot.targets import find_targets

Path = str | os.PathLike[str]


def compile(  # noqa: A001 - the name that the package gives it
    rules: Iterable[Path] | Path,
    targets: Iterable[str] | str,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    pipelines: Iterable[Path] = (),
    filters: Iterable[Path] = (),
    jobs: int = 1,
) -> Iterator[Result]:
    """Return the results of rules for targets, in order, as an iterator.

    Args:
        rules: Files and folders.
        targets: Names as ``sigmaglot list targets`` gives them, or ``all``.
        options: The fidelity that is accepted, and how queries show their result.
        pipelines: Files with pySigma processing pipelines, applied before ours.
        filters: Files with Sigma filters, besides those among the rules.
        jobs: Processes to compile in.

    Raises:
        UsageError: A target does not exist, or none is named.
        ConfigurationError: A pipeline, a schema or a language is missing or broken.
    """
    paths = [rules] if isinstance(rules, (str, os.PathLike)) else rules
    names = (targets,) if isinstance(targets, str) else tuple(targets)
    found = find_targets(names)
    if not found:
        raise UsageError("no target is named")
    check_targets(found)
    texts = read_pipelines(os.fspath(path) for path in pipelines)
    files = list_files(os.fspath(path) for path in paths)
    extra = [os.fspath(path) for path in filters]
    return compile_files(files, found, options, texts, jobs, extra)
