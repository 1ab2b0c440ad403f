"""Time and memory of compiling more and more rules of any log source for every target.

    python benchmarks/growth.py [RULES] [--sizes 500 1000 2000] [--runs 3]

RULES is a folder of rules; without it the public corpus beside the checkout. The rules of each size
are spread evenly over the folder, so that each has the same mixture of log sources. The last line
is the whole folder.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from compile import BIN, CORPUS, run


def spread(paths: list[Path], size: int) -> list[Path]:
    """Return so many paths at even distances."""
    return [paths[at * len(paths) // size] for at in range(size)]


def copied(paths: list[Path], to: Path) -> Path:
    """Copy rules into a folder, under numbers, and return it."""
    to.mkdir()
    for number, path in enumerate(paths):
        shutil.copy(path, to / f"{number:05}.yml")
    return to


def main() -> None:
    """Measure every size and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[500, 1000, 2000])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    paths = sorted(options.rules.rglob("*.yml"))
    if not paths:
        sys.exit(f"no rules in {options.rules}")
    print("| rules | CPU s | ms a rule | peak MiB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in [*(size for size in options.sizes if size < len(paths)), len(paths)]:
            rules = copied(spread(paths, size), Path(folder, str(size)))
            command = [str(BIN / "sigmaglot"), "convert", str(rules), "-t", "all"]
            command += ["-o", f"{folder}/out-{size}.txt"]
            runs = [run(command) for _ in range(options.runs)]
            seconds, mebibytes = (statistics.median(values) for values in zip(*runs, strict=True))
            print(f"| {size:,} | {seconds:.2f} | {1000 * seconds / size:.2f} | {mebibytes:.0f} |")


if __name__ == "__main__":
    main()
