"""What commands print: diagnostics for people on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from sigmaglot.errors import Diagnostic, Severity


def say(text: str, *, err: bool = False) -> None:
    """Print text without the control characters that a rule may bring in."""
    shown = "".join(
        char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text
    )
    click.echo(shown.encode("utf-8", "backslashreplace"), err=err)


def say_json(value: Any) -> None:
    """Print a value as indented JSON."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo(text.encode("utf-8", "backslashreplace"))


def write_stdout(pieces: Iterable[str]) -> None:
    """Write pieces of text to stdout, the same bytes on every system."""
    for piece in pieces:
        click.echo(piece.encode("utf-8", "backslashreplace"), nl=False)


def say_diagnostics(diagnostics: Iterable[Diagnostic], *, err: bool = True) -> None:
    """Print diagnostics, one after the other."""
    for diagnostic in diagnostics:
        say(str(diagnostic), err=err)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether one of the diagnostics fails its rule."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


def exit_code(*, failed: bool) -> None:
    """End the command: 1 where some rule failed, else 0."""
    click.get_current_context().exit(1 if failed else 0)
