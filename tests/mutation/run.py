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
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / name) for name in ("tests", "src", "backends")]

from mutation.mappings import mapping_mutants  # noqa: E402
from mutation.mutants import ROOT, Mutant, numbered  # noqa: E402
from mutation.sites import python_mutants  # noqa: E402

SAMPLE = 16


def all_mutants() -> list[Mutant]:
    """Return every mutant, always in the same order."""
    return list(numbered([*python_mutants(), *mapping_mutants()]))


def main() -> int:
    """Try the mutants asked for, print the tables, and return the exit code."""
    given = _arguments()
    os.chdir(ROOT)
    from mutation.bench import make_bench
    from mutation.report import Row, rows_of, tables

    started = time.monotonic()
    bench = make_bench()
    mutants = [one for one in _asked_for(given) if given.only.lower() in " ".join(one.key).lower()]
    found = _outcomes(mutants, bench, given)
    rows: list[Row] = rows_of(found, read_survivors())
    print(tables(rows))
    print(f"\n{len(rows):,} mutants in {time.monotonic() - started:,.0f} s.")
    if given.json:
        Path(given.json).write_text(json.dumps([row.as_dict() for row in rows], indent=1), encoding="utf-8")
    found_wrong = problems(rows, is_whole=given.all)
    print("\n".join(found_wrong), file=sys.stderr)
    return 1 if found_wrong else 0


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
