"""Time cold compiles of rules, beside sigma-cli on the same rules, in CPU seconds and peak memory.

    python benchmarks/compile.py [RULES] [--runs 5]

RULES is a folder of Windows process creation rules; without it, those of the public corpus beside
the checkout are used, or the project's own. The commands run in turn, one after the other, so that
a change in the machine's speed touches all of them; medians are printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "sigmahq"
EIGHT = ["defender", "kibana", "splunk", "logpoint", "logpoint-sysmon", "dnif", "dnif-dql", "car"]
"""The targets of which the bar speaks."""
BIN = Path(sys.executable).parent


def commands(rules: str, out: str) -> dict[str, list[str]]:
    """Return what is timed, by name."""
    ours = [str(BIN / "sigmaglot"), "convert", rules, "-o", f"{out}/ours.txt"]
    sigma = [str(BIN / "sigma"), "convert", "-t", "splunk", "-p", "splunk_windows", "-s", rules]
    return {
        "sigma convert, splunk": [*sigma, "-o", f"{out}/sigma.txt"],
        "sigmaglot, splunk": [*ours, "-t", "splunk"],
        "sigmaglot, defender": [*ours, "-t", "defender"],
        "sigmaglot, 3 targets": [*ours, "-t", "splunk", "-t", "defender", "-t", "kibana"],
        "sigmaglot, 8 targets": [*ours, *(word for name in EIGHT for word in ("-t", name))],
        "sigmaglot, all targets": [*ours, "-t", "all"],
    }


def run(command: list[str]) -> tuple[float, float]:
    """Return the CPU seconds and the peak memory in MiB of one run in a process of its own."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], check=True, capture_output=True, text=True
    )
    seconds, mebibytes = done.stdout.split()
    return float(seconds), float(mebibytes)


def copy_rules(folder: Path, to: Path) -> int:
    """Copy the Windows process creation rules of a folder; return how many there are."""
    count = 0
    for path in sorted(folder.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        source = (yaml.safe_load(text.split("\n---")[0]) or {}).get("logsource", {})
        if source.get("category") == "process_creation" and source.get("product") == "windows":
            (to / path.name).write_text(text, encoding="utf-8")
            count += 1
    return count


def main() -> None:
    """Time every command and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = CORPUS if CORPUS.is_dir() else ROOT / "sigma_rules" / "windows"
    parser.add_argument("rules", nargs="?", type=Path, default=default)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules")
        rules.mkdir()
        print(f"{copy_rules(options.rules, rules)} rules, median of {options.runs} runs\n")
        timed = commands(str(rules), folder)
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
        for _ in range(options.runs + 1):
            for name, command in timed.items():
                runs[name].append(run(command))
    print("| command | CPU s | peak MiB | CPU, of sigma convert |\n|---|---|---|---|")
    base = statistics.median(seconds for seconds, _ in runs["sigma convert, splunk"][1:])
    for name, found in runs.items():
        seconds = statistics.median(one for one, _ in found[1:])
        memory = max(one for _, one in found[1:])
        print(f"| {name} | {seconds:.2f} | {memory:.0f} | {seconds / base:.2f} |")


if __name__ == "__main__":
    main()
