"""``sigmaglot verify``."""

from __future__ import annotations

import json
from typing import Any

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, has_errors, say, say_diagnostics, write_stdout


def _event(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[Any, ...]:
    found = []
    for text in given:
        try:
            value = json.loads(text)
        except ValueError as error:
            raise click.BadParameter(f"not JSON: {error}") from error
        if not isinstance(value, dict):
            raise click.BadParameter("an event is a JSON object")
        found.append(value)
    return tuple(found)


@click.command("verify")
@options.paths
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="As for `convert`; pysigma:kusto, pysigma:splunk and pysigma:lucene are run too.",
)
@click.option(
    "--events",
    multiple=True,
    metavar="FILE",
    help="Recorded events to run beside those that are made: NDJSON, gzip or not, or EVTX.",
)
@click.option(
    "--event",
    "given",
    multiple=True,
    callback=_event,
    metavar="JSON",
    help="An event to run in the place of those that are made; to a correlation, several are one "
    "stream.",
)
@click.option(
    "--engine",
    "engines",
    multiple=True,
    metavar="NAME",
    help="Run in this engine alone; may be repeated. `sigmaglot list engines` names them.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the choice among like values."
)
@options.pipelines
@options.filters
@options.schemas
@options.fidelity
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "failures", "json", "junit"]),
    default="text",
    show_default=True,
    help="A report for people, whole or of what failed; a JSON array; or JUnit XML.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report to a file.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes to run in.",
)
def command(**given: Any) -> None:
    """Run the queries of the rules under PATHS on telling events, and hold them to their claims."""
    from sigmaglot.bundle.writer import write_file  # noqa: PLC0415 - heavy
    from sigmaglot.formats.verification import VERIFICATIONS  # noqa: PLC0415
    from sigmaglot.verify.verdict import FAILURES  # noqa: PLC0415

    verdicts, problems = _verify(given)
    text = VERIFICATIONS[given["form"]](verdicts)
    if given["output"] and given["output"] != "-":
        write_file(given["output"], [text])
    else:
        write_stdout([text])
    say_diagnostics(problems)
    failed = any(verdict.status in FAILURES for verdict in verdicts)
    exit_code(failed=failed or has_errors(problems))


def _verify(given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the verdicts, and what is wrong with the events and the filters."""
    from sigmaglot.compiler import Options  # noqa: PLC0415 - heavy
    from sigmaglot.passes.legalise import Policy  # noqa: PLC0415
    from sigmaglot.related import relate_files  # noqa: PLC0415
    from sigmaglot.run import check_targets, list_files, read_pipelines  # noqa: PLC0415
    from sigmaglot.targets import find_targets  # noqa: PLC0415
    from sigmaglot.verify.engines.registry import (  # noqa: PLC0415
        check_engine_names,
        reasons_without_binder,
    )
    from sigmaglot.verify.request import Request  # noqa: PLC0415
    from sigmaglot.verify.session import (  # noqa: PLC0415
        filter_warnings,
        read_recorded,
        verify_files,
    )

    targets = find_targets(given["targets"], given["schemas"])
    check_targets(targets)
    check_engine_names(given["engines"])
    request = Request(
        targets,
        given["engines"],
        Options(Policy(given["fidelity"])),
        given["seed"],
        given["given"] or None,
    )
    _, problems = read_recorded(given["events"])
    for reason in reasons_without_binder(targets, given["engines"]):
        say(f"note: no query is bound: {reason}", err=True)
    files, pipelines = list_files(given["paths"]), read_pipelines(given["pipelines"])
    found = relate_files(files, given["filters"])
    verdicts = verify_files(files, request, given["events"], pipelines, given["jobs"], found)
    return list(verdicts), [*problems, *filter_warnings(found[1])]
