"""``sigmaglot match``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, has_errors, say, say_diagnostics, say_json

if TYPE_CHECKING:
    from sigmaglot.match import Session


@click.command("match")
@options.paths
@click.option(
    "--events",
    multiple=True,
    required=True,
    metavar="FILE",
    help="NDJSON, gzip-compressed NDJSON, or EVTX; may be repeated.",
)
@click.option("--assume-logsource", is_flag=True, help="Take the log source of rules as met.")
@click.option(
    "--id-field", default="_id", show_default=True, metavar="FIELD", help="Names an NDJSON event."
)
@options.pipelines
@options.filters
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["json", "text"]),
    default="json",
    show_default=True,
    help="How to print.",
)
def command(  # noqa: PLR0913 - one for each option
    paths: tuple[str, ...],
    events: tuple[str, ...],
    *,
    assume_logsource: bool,
    id_field: str,
    pipelines: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
) -> None:
    """Run the rules under PATHS over events and print the ids of those that each one finds."""
    from sigmaglot.events import read_events  # noqa: PLC0415 - heavy
    from sigmaglot.match import Session, read_matchers  # noqa: PLC0415
    from sigmaglot.run import (  # noqa: PLC0415
        loaded_pipelines,
        read_pipelines,
        read_related,
    )

    loaded = loaded_pipelines(read_pipelines(pipelines))
    documents, related = read_related(paths, filters)
    session = Session(assume_logsource=assume_logsource)
    session.diagnostics += related.extra
    session.add(read_matchers(documents, loaded, related=related))
    for path in events:
        session.run(read_events(path, id_field))
    session.finish()
    say_diagnostics(session.diagnostics)
    if form == "json":
        say_json(session.matches)
    else:
        _say_text(session)
    exit_code(failed=has_errors(session.diagnostics))


def _say_text(session: Session) -> None:
    """Print each rule that found something, and what it found."""
    for name, ids in session.matches.items():
        if ids:
            say(f"{name} {session.infos[name].title}")
            for event_id in ids:
                say(f"    {event_id}")
