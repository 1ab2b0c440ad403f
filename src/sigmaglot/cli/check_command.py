"""``sigmaglot check``."""

from __future__ import annotations

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, has_errors, say, say_diagnostics, say_json


@click.command("check")
@options.paths
@options.pipelines
@options.filters
@options.json_format
def command(
    paths: tuple[str, ...], pipelines: tuple[str, ...], filters: tuple[str, ...], form: str
) -> None:
    """Read the rules under PATHS (files, folders, or - for stdin) and say what is wrong."""
    from sigmaglot.match import check_documents  # noqa: PLC0415 - heavy
    from sigmaglot.run import (  # noqa: PLC0415
        loaded_pipelines,
        read_pipelines,
        read_related,
    )

    loaded = loaded_pipelines(read_pipelines(pipelines))
    documents, related = read_related(paths, filters)
    count, found = check_documents(documents, loaded, related)
    if form == "json":
        say_json([diagnostic.as_dict() for diagnostic in found])
    else:
        say_diagnostics(found, err=False)
        say(f"rules that can be read: {count}; diagnostics: {len(found)}", err=True)
    exit_code(failed=has_errors(found))
