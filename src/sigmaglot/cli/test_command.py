"""``sigmaglot test``."""

from __future__ import annotations

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, say, write_stdout


@click.command("test")
@options.paths
@options.pipelines
@options.filters
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "junit"]),
    default="text",
    show_default=True,
    help="A report for people, or JUnit XML.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report to a file.")
def command(
    paths: tuple[str, ...],
    pipelines: tuple[str, ...],
    filters: tuple[str, ...],
    form: str,
    output: str | None,
) -> None:
    """Run the test events of the rules under PATHS: tests/<stem>/{match,no_match}.ndjson."""
    from sigmaglot.bundle.writer import write_file  # noqa: PLC0415 - heavy
    from sigmaglot.formats.reports import REPORTS  # noqa: PLC0415
    from sigmaglot.ruletests import Outcome, run_tests  # noqa: PLC0415
    from sigmaglot.run import read_pipelines  # noqa: PLC0415

    reports = list(run_tests(paths, read_pipelines(pipelines), filters))
    text = REPORTS[form](reports)
    if output and output != "-":
        write_file(output, [text])
    else:
        write_stdout([text])
    passed = sum(report.outcome is Outcome.PASSED for report in reports)
    say(f"rules that passed: {passed} of {len(reports)}", err=True)
    exit_code(failed=passed < len(reports))
