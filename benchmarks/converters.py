"""Hold the queries of several converters against the same rules, and print a Markdown table.

    python benchmarks/converters.py [RULES] [--events FILE]... [-j JOBS]

RULES is a folder of Windows process creation rules; without it, those of the public corpus beside
the checkout. Each converter's query runs in one engine of its language, on the events that verify
makes and on those recorded. A converter without a claim is held to the rule itself.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from compile import CORPUS, copy_rules

from sigmaglot.run import list_files
from sigmaglot.targets import find_targets
from sigmaglot.verify.run import Request
from sigmaglot.verify.session import verify_files
from sigmaglot.verify.verdict import Status, Verdict

PAIRS = ("defender", "pysigma:kusto", "splunk", "pysigma:splunk", "kibana", "pysigma:lucene")
ENGINES = ("kusto-model", "spl-model", "kibana-model", "lucene-model")
HEAD = (
    "target", "engine", "no query", "not run", "the same", "finds more", "misses", "both",
    "says so", "does not say so",
)  # fmt: skip
OBSERVED = ("exact", "broader", "narrower", "neither")


def rows(verdicts: Iterable[Verdict]) -> list[tuple[str, ...]]:
    """Return a row for each target: how often its query is the rule, more, less, or neither."""
    found: dict[str, list[Verdict]] = {name: [] for name in PAIRS}
    for verdict in verdicts:
        if verdict.target:
            found[verdict.target].append(verdict)
    return [_row(name, group) for name, group in found.items()]


def _row(name: str, group: list[Verdict]) -> tuple[str, ...]:
    statuses = Counter(one.status for one in group)
    ran = [one for one in group if one.status in {Status.KEPT, Status.BROKEN}]
    observed = Counter(one.observed for one in ran)
    other = [one for one in ran if one.observed != "exact"]
    silent = sum(one.status is Status.BROKEN for one in other)
    engine = next((one.engine.name for one in ran if one.engine), "")
    counts = [
        statuses[Status.UNSUPPORTED],
        statuses[Status.NOT_RUN] + statuses[Status.REFUSED],
        *(observed[kind] for kind in OBSERVED),
        len(other) - silent,
        silent,
    ]
    return (f"`{name}`", f"`{engine}`", *map(str, counts))


def main() -> None:
    """Verify, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--events", action="append", default=[])
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        count = copy_rules(options.rules, Path(folder))
        request = Request(find_targets(PAIRS), ENGINES)
        verdicts = verify_files(list_files([folder]), request, options.events, jobs=options.jobs)
        table = rows(verdicts)
    print(f"{count} rules\n")
    for row in (HEAD, tuple("---" for _ in HEAD), *table):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
