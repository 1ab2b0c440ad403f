"""Rules, events and two ways to run the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from click.testing import CliRunner

import sigmaglot
from sigmaglot.cli import cli

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
SYSMON = "Microsoft-Windows-Sysmon/Operational"


def run(*args, stdin=None):
    """Run the command line in this process."""
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)


def run_process(*args, stdin=None):
    """Run the command line in a process of its own; bytes in, bytes out."""
    package = Path(sigmaglot.__file__).parents[1]
    path = os.pathsep.join([str(package), str(package.parent / "backends")])
    return subprocess.run(
        [sys.executable, "-m", "sigmaglot", *map(str, args)],
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )


def rule_text(title="A rule", selection=r"Image|endswith: '\cmd.exe'", name="", **keys):
    """Return the YAML of a rule; its id follows from its title."""
    logsource = keys.pop("logsource", "{category: process_creation, product: windows}")
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return (
        f"title: {title}\nid: {name or rule_id(title)}\n{more}logsource: {logsource}\n"
        f"detection:\n  selection:\n    {selection}\n  condition: selection\n"
    )


def rule_id(title):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, title))


def ndjson(*events):
    return "".join(json.dumps(event) + "\n" for event in events)


def process(name, image, **values):
    """Return a recorded process creation."""
    return {"_id": name, "Channel": SYSMON, "EventID": 1, "Image": image, **values}


PLACEHOLDER = "CommandLine|expand: '%commands%'"
FILLED = """\
name: commands
priority: 10
vars:
  commands: [whoami]
transformations:
  - id: fill
    type: value_placeholders
    include: [commands]
"""
