"""``sigmaglot convert``."""

from __future__ import annotations

import re
from typing import Any

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code

_SPAN = re.compile(r"[1-9]\d{0,5}[smhd]")


def _span(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not _SPAN.fullmatch(value):
        raise click.BadParameter("give a number and one of s, m, h and d, such as 7d")
    return value


@click.command("convert")
@options.paths
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="A name of `sigmaglot list targets`, `all`, or pysigma:BACKEND; may be repeated.",
)
@options.pipelines
@options.filters
@options.schemas
@options.fidelity
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["query", "hunt", "jsonl"]),
    default="query",
    show_default=True,
    help="Bare queries, queries ready to paste, or a JSON record for each rule and target.",
)
@click.option("-o", "--output", metavar="FILE", help="Write everything to one file.")
@click.option(
    "-od", "--output-dir", "folder", metavar="DIR", help="Write a file for each rule and target."
)
@click.option(
    "-ot",
    "--output-filename-template",
    "template",
    metavar="TEMPLATE",
    help="Names of the files of -od: {path} {stem} {index} {target} {id} {ext}.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes to compile in.",
)
@click.option(
    "--last", default="", callback=_span, metavar="SPAN", help="Bound hunts to 7d, 12h..."
)
@click.option("-q", "--quiet", is_flag=True, help="Do not print how queries depart from rules.")
@click.option("--summary", is_flag=True, help="Print a table of rules and targets to stderr.")
def command(**given: Any) -> None:
    """Compile the rules under PATHS (files, folders, or - for stdin) into queries."""
    if given["output"] and given["folder"]:
        raise click.UsageError("-o and -od exclude each other")
    if given["template"] and not given["folder"]:
        raise click.UsageError("-ot names the files of -od, which is not given")
    if given["last"] and given["form"] != "hunt":
        raise click.UsageError("--last bounds hunting queries: add -f hunt")
    from sigmaglot.cli.conversion import Conversion  # noqa: PLC0415 - heavy

    exit_code(failed=Conversion(**given).run())
