"""``sigmaglot explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, has_errors, say, say_diagnostics, say_json

if TYPE_CHECKING:
    from sigmaglot.explain import Explanation
    from sigmaglot.passes.legalise import Policy
    from sigmaglot.targets import Target


@click.command("explain")
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
@click.option("-t", "--target", "name", required=True, metavar="TARGET", help="A built-in target.")
@options.pipelines
@options.schemas
@options.filters
@options.fidelity
@options.json_format
def command(
    rules: tuple[str, ...],
    name: str,
    pipelines: tuple[str, ...],
    schemas: tuple[str, ...],
    filters: tuple[str, ...],
    **asked: str,
) -> None:
    """Show the tree of the rules in the files RULE: what becomes of each leaf for a target."""
    from sigmaglot.formats.explanation import (  # noqa: PLC0415 - heavy
        explanation_record,
        explanation_text,
    )
    from sigmaglot.passes.legalise import Policy  # noqa: PLC0415

    request = (_target(name, schemas), Policy(asked["fidelity"]))
    found, failed = _explain(rules, request, pipelines, filters)
    if asked["form"] == "json":
        say_json([explanation_record(explanation) for explanation in found])
    elif found:
        say("\n".join(explanation_text(explanation) for explanation in found).removesuffix("\n"))
    exit_code(failed=failed)


def _target(name: str, schemas: tuple[str, ...]) -> Target:
    from sigmaglot.errors import UsageError  # noqa: PLC0415
    from sigmaglot.run import check_targets  # noqa: PLC0415
    from sigmaglot.targets import find_targets  # noqa: PLC0415

    targets = find_targets((name,), schemas)
    if len(targets) != 1 or targets[0].is_pysigma:
        raise UsageError(f"`{name}` cannot be explained: name one built-in target")
    check_targets(targets)
    return targets[0]


def _explain(
    paths: tuple[str, ...],
    request: tuple[Target, Policy],
    pipelines: tuple[str, ...],
    filters: tuple[str, ...],
) -> tuple[list[Explanation], bool]:
    """Return the explanations of the files' rules, and whether some rule failed."""
    from sigmaglot.compiler import Options  # noqa: PLC0415
    from sigmaglot.errors import Diagnostic  # noqa: PLC0415
    from sigmaglot.explain import explain_documents  # noqa: PLC0415
    from sigmaglot.run import (  # noqa: PLC0415
        loaded_pipelines,
        read_pipelines,
        read_related,
    )

    target, policy = request
    loaded = loaded_pipelines(read_pipelines(pipelines))
    documents, related = read_related(list(paths), filters)
    say_diagnostics(related.extra)
    found, failed = [], has_errors(related.extra)
    for one in explain_documents(documents, target, Options(policy), loaded, related):
        diagnostics = (one,) if isinstance(one, Diagnostic) else one.result.diagnostics
        say_diagnostics(diagnostics)
        failed |= has_errors(diagnostics)
        found += [] if isinstance(one, Diagnostic) else [one]
    return found, failed
