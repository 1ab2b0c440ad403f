"""The command line starts light, and ends with the exit code that says why."""

import json
import subprocess
import sys

import pytest
from cli_helpers import run, run_process

import sigmaglot

HEAVY = {"sigma", "yaml", "rich", "jinja2", "duckdb", "evtx", "pkg_resources", "requests"}


def modules_after(code):
    script = f"import sys\n{code}\nimport json; print(json.dumps(sorted(sys.modules)))"
    package = sigmaglot.__path__[0].rsplit("sigmaglot", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {package!r})\n{script}"],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def foreign(modules):
    roots = {name.split(".")[0] for name in modules}
    return roots - set(sys.stdlib_module_names) - {"sigmaglot", "__main__", "__mp_main__"}


def installed_at_start():
    """Modules that site-packages load by themselves, such as editable finders."""
    return foreign(modules_after("pass"))


def test_importing_the_command_line_imports_click_and_the_standard_library_only():
    found = foreign(modules_after("import sigmaglot.cli"))
    assert found - installed_at_start() == {"click"}


def test_the_package_itself_imports_nothing_foreign():
    assert foreign(modules_after("import sigmaglot")) == installed_at_start()


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_import_no_machinery(flag):
    code = f"""
from sigmaglot.cli import cli
try:
    cli([{flag!r}])
except SystemExit as end:
    assert end.code == 0
"""
    found = {name.split(".")[0] for name in modules_after(code)}
    assert not found & HEAVY


def test_the_help_of_a_command_imports_no_machinery():
    code = "from sigmaglot.cli import cli\ntry: cli(['convert', '--help'])\nexcept SystemExit: pass"
    assert not {name.split(".")[0] for name in modules_after(code)} & HEAVY


def test_version_names_program_and_version():
    assert run("--version").stdout == f"sigmaglot, version {sigmaglot.__version__}\n"


def test_help_lists_every_command():
    shown = run("--help").stdout
    for name in ("convert", "check", "match", "test", "explain", "list"):
        assert f"\n  {name} " in shown


@pytest.mark.parametrize("name", ["convert", "check", "match", "test", "explain", "list"])
def test_every_command_has_help(name):
    done = run(name, "-h")
    assert done.exit_code == 0
    assert done.stdout.startswith("Usage: ")


def test_an_unknown_command_is_a_usage_error():
    done = run("compile")
    assert done.exit_code == 2
    assert "No such command 'compile'" in done.stderr


def test_an_unknown_target_is_one_line_on_stderr_and_exit_code_2(write):
    write("rule.yml", "title: x\n")
    done = run_process("convert", "rule.yml", "-t", "nowhere")
    assert done.returncode == 2
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(
        "sigmaglot: error: no target is called `nowhere`; there are defender"
    )


def test_a_missing_language_is_a_configuration_error(write, monkeypatch):
    from sigmaglot import targets

    other = targets.Target("other", "defender_xdr", "klingon")
    monkeypatch.setitem(targets.TARGETS, "other", other)
    done = run("convert", write("rule.yml", "title: x\n"), "-t", "other")
    assert done.exit_code == 3
    assert done.stderr == "sigmaglot: error: no language is called `klingon`\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: no such file or directory"),
        ("a: [", "not a pySigma pipeline: "),
        ("- 1", "not a pySigma pipeline: "),
        ("name: x\ntransformations:\n  - {id: a, type: dance}\n", "not a pySigma pipeline: "),
    ],
)
@pytest.mark.parametrize("command", ["convert", "check", "match", "test", "explain"])
def test_a_broken_pipeline_is_a_configuration_error_that_names_the_file(
    write, command, content, reason
):
    if content is not None:
        write("mine.yml", content)
    more = {
        "convert": ["-t", "defender"],
        "explain": ["-t", "defender"],
        "match": ["--events", "events.ndjson"],
    }
    done = run(command, write("rule.yml", "title: x\n"), "-p", "mine.yml", *more.get(command, []))
    assert done.exit_code == 3
    assert done.stdout == ""
    assert done.stderr.startswith(f"sigmaglot: error: pipeline mine.yml: {reason}")
    assert done.stderr.count("\n") == 1
