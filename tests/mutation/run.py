"""Plant faults in renderers and mappings, and count those that ``sigmaglot verify`` sees.

    python tests/mutation/run.py            a sample, every 16th mutant
    python tests/mutation/run.py --all      every mutant
    python tests/mutation/run.py --only spl the mutants whose description holds a word

Prints Markdown tables for ``docs/verification.md``; ends with 1 where a survivor was not read, or
fewer than 95 of 100 faults are seen.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / name) for name in ("tests", "src", "backends")]

from mutation.bench import Bench, make_bench
from mutation.mappings import mapping_mutants
from mutation.mutants import ROOT, Mutant, numbered
from mutation.report import problems, rows_of, tables
from mutation.sites import python_mutants
from mutation.survivors import read_survivors
from mutation.trial import Outcome, try_all

SAMPLE = 16


def all_mutants() -> list[Mutant]:
    """Return every mutant, always in the same order."""
    return list(numbered([*python_mutants(), *mapping_mutants()]))


def main() -> int:
    """Try the mutants asked for, print the tables, and return the exit code."""
    given = _arguments()
    os.chdir(ROOT)
    started = time.monotonic()
    bench, readings = make_bench(), read_survivors()
    rows = rows_of(_outcomes(_asked_for(given, bench), bench, given), readings)
    print(tables(rows))
    print(f"\n{len(rows):,} mutants in {time.monotonic() - started:,.0f} s.", flush=True)
    if given.json:
        text = json.dumps([row.as_dict() for row in rows], indent=1)
        Path(given.json).write_text(text, encoding="utf-8")
    wrong = problems(rows, readings, is_whole=given.all and not given.only)
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


def _asked_for(given: argparse.Namespace, bench: Bench) -> list[Mutant]:
    """Return the mutants to try; a sample is taken of those that some rule may meet."""
    mutants = all_mutants()
    if given.only:
        word = given.only.lower()
        return [one for one in mutants if word in " ".join(one.key).lower()]
    if given.all:
        return mutants
    return [one for one in mutants if any(bench.reached(one))][:: given.every]


def _outcomes(
    mutants: list[Mutant], bench: Bench, given: argparse.Namespace
) -> Iterator[tuple[Mutant, Outcome]]:
    gc.collect()
    gc.freeze()  # what the trials share is never copied for the collector's sake
    for number, (mutant, outcome) in enumerate(try_all(mutants, bench, given.processes), 1):
        if given.progress:
            print(f"{number}/{len(mutants)} {outcome.status}: {mutant.key}", file=sys.stderr)
        yield mutant, outcome


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every mutant")
    parser.add_argument("--every", type=int, default=SAMPLE, help="one of how many")
    parser.add_argument("--only", default="", help="those whose description holds a word")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", help="write what became of each to a file")
    parser.add_argument("--progress", action="store_true", help="name each when it is done")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
