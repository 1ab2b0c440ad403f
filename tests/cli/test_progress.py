"""A progress bar is drawn on a terminal, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from cli_helpers import rule_text, run_process

import sigmaglot


def on_terminal(*args, stdout):
    """Run with stderr on a terminal; return what the terminal got."""
    above, below = pty.openpty()
    package = Path(sigmaglot.__file__).parents[1]
    path = os.pathsep.join([str(package), str(package.parent / "backends")])
    process = subprocess.Popen(
        [sys.executable, "-m", "sigmaglot", *args],
        stdout=below if stdout == "terminal" else subprocess.DEVNULL,
        stderr=below,
        env={**os.environ, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(below)
    shown = b""
    try:
        while data := os.read(above, 65536):
            shown += data
    except OSError:  # Linux's way to say that the other end is closed
        pass
    process.wait()
    os.close(above)
    return shown.decode()


def test_a_terminal_on_stderr_shows_files_done(write):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second"))
    shown = on_terminal("convert", "rules", "-t", "defender", stdout="pipe")
    assert "compiling" in shown
    assert "2/2" in shown


def test_queries_on_the_same_terminal_are_not_interrupted(write):
    write("rules/a.yml", rule_text("First"))
    shown = on_terminal("convert", "rules", "-t", "defender", stdout="terminal")
    assert "DeviceProcessEvents" in shown
    assert "compiling" not in shown


def test_a_pipe_gets_none(write):
    write("rules/a.yml", rule_text("First"))
    assert run_process("convert", "rules", "-t", "defender").stderr == b""
