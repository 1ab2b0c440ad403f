"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

paths = click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
pipelines = click.option(
    "-p",
    "--pipeline",
    "pipelines",
    multiple=True,
    metavar="FILE",
    help="A pySigma processing pipeline, applied before ours; may be repeated.",
)
schemas = click.option(
    "--schema",
    "schemas",
    multiple=True,
    metavar="FILE",
    help="A schema of your own, or one that extends a built-in pipeline; may be repeated.",
)
filters = click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILE",
    help="Sigma filters, besides those under PATHS; may be repeated.",
)
fidelity = click.option(
    "--fidelity",
    type=click.Choice(["closest", "exact", "broader", "narrower"]),
    default="closest",
    show_default=True,
    help="What is accepted where a query cannot be exact.",
)
json_format = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
