"""``sigmaglot list``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import say, say_json

Row = dict[str, Any]


def _show(rows: Sequence[Row], form: str) -> None:
    """Print rows as JSON, or as text with the columns aligned."""
    if form == "json":
        say_json(rows)
        return
    texts = [[_text(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for cells in texts:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        say("  ".join(padded).rstrip())


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(item) for item in value.values())
    return ", ".join(_text(item) for item in value) if isinstance(value, list) else str(value)


@click.group("list")
def command() -> None:
    """List targets, languages, pipelines, engines, fields or codes."""


def _listing(name: str, about: str) -> Callable[[Callable[[], list[Row]]], click.Command]:
    """Return the decorator of a function whose rows a subcommand prints."""

    def decorate(rows: Callable[[], list[Row]]) -> click.Command:
        @command.command(name, help=about)
        @options.json_format
        def listing(form: str) -> None:
            _show(rows(), form)

        return listing

    return decorate


@_listing("targets", "List what -t takes.")
def targets() -> list[Row]:
    """Return a row for each built-in target."""
    from sigmaglot.catalogue import target_rows  # noqa: PLC0415 - heavy

    return target_rows()


@_listing("languages", "List the query languages, built in and installed.")
def languages() -> list[Row]:
    """Return a row for each language."""
    from sigmaglot.catalogue import language_rows  # noqa: PLC0415

    return language_rows()


@_listing("pipelines", "List the schemas that events are stored in.")
def pipelines() -> list[Row]:
    """Return a row for each pipeline."""
    from sigmaglot.catalogue import pipeline_rows  # noqa: PLC0415

    return pipeline_rows()


@_listing("engines", "List what runs queries for `verify`, and whose word it is.")
def engines() -> list[Row]:
    """Return a row for each engine."""
    from sigmaglot.verify.engines.registry import engine_rows  # noqa: PLC0415

    return engine_rows()


@_listing("codes", "List the codes of diagnostics and notes.")
def codes() -> list[Row]:
    """Return a row for each code."""
    from sigmaglot.errors import CODES  # noqa: PLC0415

    return [{"code": code, "meaning": meaning} for code, meaning in CODES.items()]


@command.command("fields")
@click.option("-t", "--target", metavar="TARGET", help="The target whose pipeline is shown.")
@click.option("--pipeline", metavar="NAME", help="The pipeline that is shown.")
@options.json_format
def fields(target: str | None, pipeline: str | None, form: str) -> None:
    """List how a target or a pipeline stores each Sigma field."""
    if (target is None) is (pipeline is None):
        raise click.UsageError("name one target with -t, or one pipeline with --pipeline")
    from sigmaglot.catalogue import field_rows, pipeline_of  # noqa: PLC0415

    _show(field_rows(pipeline or pipeline_of(target or "")), form)
