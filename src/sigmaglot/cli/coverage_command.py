"""``sigmaglot coverage``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sigmaglot.cli import options
from sigmaglot.cli.output import exit_code, say_diagnostics, write_stdout

if TYPE_CHECKING:
    from sigmaglot.coverage import Coverage


@click.command("coverage")
@options.paths
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="TARGET",
    help="As for `convert`.",
)
@options.pipelines
@options.filters
@options.schemas
@options.fidelity
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "html", "navigator"]),
    default="table",
    show_default=True,
    help="For people, for programs, a page, or ATT&CK Navigator layers.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report to a file.")
@click.option(
    "-od", "--output-dir", "folder", metavar="DIR", help="With -f navigator: TARGET.json in it."
)
def command(**given: Any) -> None:
    """Show what the rules under PATHS cover on which target, how faithfully, and why not better."""
    if given["folder"] and given["form"] != "navigator":
        raise click.UsageError("-od takes the layers of -f navigator")
    if given["folder"] and given["output"]:
        raise click.UsageError("-o and -od exclude each other")
    found = _cover(given)
    say_diagnostics(found.failures)
    if given["form"] == "navigator":
        _write_layers(found, given["output"], given["folder"])
    else:
        from sigmaglot.formats.coverage import COVERAGES  # noqa: PLC0415 - heavy

        _write(COVERAGES[given["form"]](found), given["output"])
    exit_code(failed=bool(found.failures))


def _cover(given: dict[str, Any]) -> Coverage:
    from sigmaglot.compiler import Options  # noqa: PLC0415 - heavy
    from sigmaglot.coverage import cover  # noqa: PLC0415
    from sigmaglot.passes.legalise import Policy  # noqa: PLC0415
    from sigmaglot.run import (  # noqa: PLC0415
        check_targets,
        loaded_pipelines,
        read_pipelines,
        read_related,
    )
    from sigmaglot.targets import find_targets  # noqa: PLC0415

    targets = find_targets(given["targets"], given["schemas"])
    check_targets(targets)
    pipelines = loaded_pipelines(read_pipelines(given["pipelines"]))
    documents, related = read_related(given["paths"], given["filters"])
    asked = Options(Policy(given["fidelity"]))
    return cover(documents, targets, asked, pipelines, related)


def _write(text: str, output: str | None) -> None:
    from sigmaglot.bundle.writer import write_file  # noqa: PLC0415 - heavy

    if output and output != "-":
        write_file(output, [text])
    else:
        write_stdout([text])


def _write_layers(found: Coverage, output: str | None, folder: str | None) -> None:
    from sigmaglot.formats.coverage import as_navigator  # noqa: PLC0415 - heavy

    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for target in found.targets:
            name = target.replace(":", "_").replace("/", "_")
            _write(as_navigator(found, target), str(Path(folder, f"{name}.json")))
    elif len(found.targets) > 1:
        raise click.UsageError("a layer shows one target: name one with -t, or a folder with -od")
    else:
        _write(as_navigator(found, found.targets[0]), output)
