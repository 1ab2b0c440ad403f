"""One run of ``sigmaglot convert``: results on their way from the compiler to where they go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sigmaglot.bundle.names import FileNames, check_template
from sigmaglot.bundle.stream import Languages, is_failure, join, languages_of
from sigmaglot.bundle.writer import FolderWriter, write_file
from sigmaglot.cli.output import say_diagnostics, write_stdout
from sigmaglot.cli.progress import watch
from sigmaglot.cli.summary import Summary
from sigmaglot.compiler import Options, Result
from sigmaglot.formats import FORMATS, Format
from sigmaglot.passes.legalise import Policy
from sigmaglot.run import check_targets, compile_files, list_files, read_pipelines
from sigmaglot.targets import Target, find_targets


@dataclass(slots=True)
class Conversion:
    """What the user asked for; ``failed`` grows true while it runs."""

    paths: tuple[str, ...]
    targets: tuple[str, ...]
    pipelines: tuple[str, ...]
    schemas: tuple[str, ...]
    filters: tuple[str, ...]
    fidelity: str
    form: str
    output: str | None
    folder: str | None
    template: str | None
    jobs: int
    last: str
    summary: bool
    quiet: bool
    failed: bool = field(default=False, init=False)

    def run(self) -> bool:
        """Compile, write and report; return whether some rule failed."""
        targets = find_targets(self.targets, self.schemas)
        check_targets(targets)
        form, languages = FORMATS[self.form], languages_of(targets)
        gc.freeze()  # what is loaded by now stays: no collection need look at it
        summary = Summary([target.name for target in targets])
        results = self._results(targets, form, summary)
        if self.folder:
            self._write_folder(results, form, languages)
        elif self.output and self.output != "-":
            write_file(self.output, join(results, form, languages))
        else:
            write_stdout(join(results, form, languages))
        if self.summary:
            summary.show()
        return self.failed

    def _results(
        self, targets: tuple[Target, ...], form: Format, summary: Summary
    ) -> Iterator[Result]:
        """Yield the results; their diagnostics are printed, and they are counted, in passing."""
        options = Options(Policy(self.fidelity), form.is_hunt, self.last)
        texts, files = read_pipelines(self.pipelines), list_files(self.paths)
        to_stdout = not self.folder and self.output in {None, "-"}
        results = compile_files(files, targets, options, texts, self.jobs, self.filters)
        for result in watch(results, len(files), to_stdout=to_stdout):
            say_diagnostics(result.diagnostics)
            if not self.quiet and not form.writes_failures and result.departure:
                say_diagnostics((result.departure,))
            self.failed |= is_failure(result)
            summary.add(result)
            yield result

    def _write_folder(self, results: Iterator[Result], form: Format, languages: Languages) -> None:
        several = "{target}/" if len(languages) > 1 else ""
        template = check_template(self.template or several + "{stem}.{ext}")
        names = FileNames(template, self.paths)
        writer = FolderWriter(Path(self.folder or "."), names, form, languages)
        for diagnostic in writer.write(results):
            say_diagnostics([diagnostic])
            self.failed = True
