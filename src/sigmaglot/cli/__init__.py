"""The command line. This module imports click alone; each command imports what it needs."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import IO, Any

import click

from sigmaglot import __version__
from sigmaglot.errors import ConfigurationError, UsageError

COMMANDS = {
    "convert": "Compile rules into queries.",
    "check": "Read rules and say what is wrong with them.",
    "match": "Run rules over recorded events.",
    "test": "Run the test events of rules.",
    "verify": "Run the queries of rules and hold them to their claims.",
    "coverage": "Show what rules cover on each target, and why not better.",
    "explain": "Show what becomes of each part of a rule.",
    "list": "List targets, languages, pipelines, engines, fields or codes.",
}
"""Commands and their help, so that the list of them needs no import."""


class Failure(click.ClickException):
    """Ends the program with one line on stderr."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"sigmaglot: error: {' '.join(self.message.split())}", file=file, err=True)


class BadUsage(Failure):
    """The command line asks for something that is not there."""

    exit_code = 2


class BadConfiguration(Failure):
    """Something that is configured or installed cannot be used."""

    exit_code = 3


GC_THRESHOLD = 100_000
"""Objects between two collections: a run makes many small values and next to no cycles."""


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of a first acquaintance."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command by name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sigmaglot.cli.{cmd_name}_command").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what the user can put right ends it with one line."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise BadUsage(str(error)) from error
        except ConfigurationError as error:
            raise BadConfiguration(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sigmaglot")
def cli() -> None:
    """Compile Sigma rules to SIEM queries, and say how faithful each query is.

    Exit codes: 0 all compiled, 1 some rule failed, 2 usage, 3 configuration.
    """


def main() -> None:
    """Run the command line."""
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    cli(prog_name="sigmaglot")
