"""The documentation is true: its links, tables, codes and every command with what it prints.

``pytest tests/test_docs.py --update-goldens`` writes what the program says today into the pages.
"""

from __future__ import annotations

import html
import io
import re
import shlex
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from sigmaglot.catalogue import field_rows
from sigmaglot.cli import COMMANDS, cli
from sigmaglot.compiler import Options, compile_documents
from sigmaglot.errors import CODES
from sigmaglot.events import read_events
from sigmaglot.explain import Part, explain_documents
from sigmaglot.formats.record import fidelity_of, to_record
from sigmaglot.frontend import load_pipelines
from sigmaglot.match import Session, read_matchers
from sigmaglot.passes.legalise import Policy
from sigmaglot.pipelines import pipeline_names
from sigmaglot.pipelines.rewrites import REWRITES
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import TARGETS, language_names

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
RULES = "sigma_rules/windows/process_creation"
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
GENERATED = re.compile(r"(<!-- generated: ([^>]*?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
FENCED = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
SPELLINGS = {"exact": "exact", "broader": "broader", "narrower": "narrower", "unsupported": "none"}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def code(text: str) -> str:
    """Return text as code in a cell of a table."""
    shown = text.replace("\n", " ").replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    return f"{fence}{shown}{fence}" if shown else ""


# What is generated into the pages.


def fields_table(pipeline: str) -> str:
    rows = []
    for row in field_rows(pipeline):
        columns = ", ".join(
            (f"{one['role']}: " if one["role"] != "column" else "") + code(one["name"])
            for one in row["columns"]
        )
        none = row["rewrite"] == "none"
        rewrite, confidence = ("", "") if none else (row["rewrite"], row["confidence"])
        rows.append((code(row["field"]), columns or f"none: {row['reason']}", rewrite, confidence))
    return table(("Sigma field", "columns", "rewrite", "confidence"), rows)


SAMPLES = (
    ("equals", "CommandLine: whoami"),
    ("contains, one word", "CommandLine|contains: wmic"),
    ("contains, two words", "CommandLine|contains: net user"),
    ("starts with", "CommandLine|startswith: net1"),
    ("ends with", "CommandLine|endswith: .bat"),
    ("file name of a path", r"Image|endswith: '\cmd.exe'"),
    ("`*` inside", "CommandLine: a*b"),
    ("`?`", "CommandLine: a?b"),
    ("a literal `*`", r"CommandLine|contains: 'x\*y'"),
    ("with letter case", "CommandLine|contains|cased: WMIC"),
    ("empty", "CommandLine: ''"),
    ("null", "CommandLine: null"),
    ("exists", "CommandLine|exists: true"),
    ("number", "ProcessId: 4"),
    ("comparison", "ProcessId|gte: 1000"),
    ("regular expression", "CommandLine|re: 'wmic +process'"),
    ("the same, without case", "CommandLine|re|i: 'wmic +process'"),
    ("lookahead", "CommandLine|re: 'wmic(?!x)'"),
    ("no literal in it", r"CommandLine|re: '\d+'"),
    ("CIDR", "CommandLine|cidr: 10.0.0.0/8"),
    ("field reference", "Image|fieldref: ParentImage"),
    ("time part", "UtcTime|hour: 3"),
    ("account", r"User: 'CORP\alice'"),
    ("keyword", "- wmic"),
)
"""One leaf of each kind, as a rule has it."""


def leaf(part: Part) -> Part:
    return leaf(part.children[0]) if part.children else part


def capability_table(target: str) -> str:
    rows = []
    for kind, sigma in SAMPLES:
        text = f"title: t\nlogsource: {{category: process_creation}}\ndetection:\n  s:\n    {sigma}\n  condition: s\n"
        document = Document("sample.yml", 0, yaml.safe_load(text), text)
        (found,) = explain_documents([document], TARGETS[target], Options(Policy.CLOSEST))
        forms = {form.fidelity: form for form in leaf(found.tree).forms}
        rows.append(
            (
                kind,
                code(sigma),
                *(form_text(forms, side) for side in ("exact", "broader", "narrower")),
            )
        )
    return table(("match", "Sigma", "exact", "upper bound", "lower bound"), rows)


def form_text(forms: dict, side: str) -> str:
    form = forms.get(side)
    if form is None or form.text.startswith(("always true", "never true")):
        return ""
    return code(form.text) + (f" ({form.loss:g})" if form.loss else "")


def rule_results() -> list:
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    documents = read_documents([str(ROOT / RULES)])
    return list(compile_documents(documents, tuple(TARGETS.values()), pipelines=pipelines))


def counts_table() -> str:
    found = Counter((result.target, fidelity_of(result)) for result in rule_results())
    rows = [
        (f"`{name}`", *(str(found[name, spelling] or "") for spelling in SPELLINGS))
        for name in TARGETS
    ]
    return table(("target", *SPELLINGS.values()), rows)


def rules_table() -> str:
    rows = {result.info.path: result.info for result in rule_results()}
    listed = []
    for path, info in rows.items():
        link = f"[{info.title}](../{Path(path).relative_to(ROOT).as_posix()})"
        found = re.split(r"(?<=[.])\s", info.description)[0]
        listed.append((link, info.level, " ".join(found.split()), ", ".join(info.techniques[1:])))
    return table(("rule", "level", "what it finds", "ATT&CK besides T1059.003"), listed)


def atomic_table() -> str:
    """Return the rules that each Atomic test raises, by running them on its recorded events."""
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    session = Session(assume_logsource=False)
    session.add(read_matchers(read_documents([str(ROOT / RULES)]), pipelines))
    for file in sorted((ROOT / "sigma_rules" / "tests").rglob("*.ndjson")):
        session.run(read_events(str(file)))
    raised: dict[str, set[str]] = {test: set() for test in ATOMIC}
    for name, ids in session.matches.items():
        for event_id in ids:
            if event_id.startswith("atomic-"):
                raised[event_id.split("-")[1]].add(session.infos[name].title)
    rows = [
        (f"{test}: {ATOMIC[test]}", "; ".join(sorted(titles - {EVERY_START})))
        for test, titles in raised.items()
    ]
    return table(("test", "rules"), rows)


EVERY_START = "Windows Command Shell Started"
ATOMIC = {
    "1": "create and run a batch file",
    "2": "write text to a file and read it back, locally and over WinRM",
    "3": "substring of an environment variable",
    "4": "programs started in a `for /l` loop",
    "5": "commands over standard input",
    "6": "script written with echo and run",
}


GENERATORS = {
    "fields": fields_table,
    "capabilities": capability_table,
    "counts": counts_table,
    "rules": rules_table,
    "atomic": atomic_table,
}


def generate(what: str) -> str:
    name, *arguments = what.split()
    return GENERATORS[name](*arguments)


# Commands in the pages.


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run commands in: the rules and the examples are there, what is written is not kept."""
    for name in ("sigma_rules", "docs"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str) -> tuple[int, str]:
    """Run a line as a shell would, as far as the pages need: ``| head -n N`` and ``2>/dev/null``."""
    line, _, head = command.partition(" | head -n ")
    silent = line.endswith(" 2>/dev/null")
    result = CliRunner().invoke(cli, shlex.split(line.removesuffix(" 2>/dev/null"))[1:])
    text = result.stdout if silent else result.output
    lines = text.splitlines()
    return result.exit_code, "".join(
        f"{one.rstrip()}\n" for one in lines[: int(head) if head else None]
    )


def blocks(page: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each console block of a page with its commands and what they are said to print."""
    for match in FENCED.finditer(page.read_text(encoding="utf-8")):
        if match[2] == "console" and match[3].startswith("$ sigmaglot"):
            parts = re.split(r"^\$ ", match[3], flags=re.MULTILINE)[1:]
            yield match[3], [tuple(part.split("\n", 1)) for part in parts]


def real_block(commands: list[tuple[str, str]]) -> str:
    outputs = ((command, run(command)[1] if said else "") for command, said in commands)
    return "".join(f"$ {command}\n{output}" for command, output in outputs)


@pytest.mark.parametrize("name", NAMES)
def test_commands_print_what_the_page_says(name: str, folder: Path, update_goldens: bool) -> None:
    page = ROOT / name
    real = {block: real_block(commands) for block, commands in blocks(page)}
    if update_goldens:
        text = page.read_text(encoding="utf-8")
        for block, now in real.items():
            text = text.replace(f"console\n{block}``", f"console\n{now}``")
        page.write_text(text, encoding="utf-8")
    said = [block for block, _ in blocks(page)]
    assert said == list(real.values())


def test_every_command_of_the_readme_succeeds(folder: Path) -> None:
    commands = [command for _, parts in blocks(ROOT / "README.md") for command, _ in parts]
    assert commands
    assert [command for command in commands if run(command)[0] != 0] == []


@pytest.mark.parametrize("name", NAMES)
def test_generated_tables_are_up_to_date(name: str, update_goldens: bool) -> None:
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    now = GENERATED.sub(lambda match: match[1] + generate(match[2]) + match[4], text)
    if update_goldens:
        page.write_text(now, encoding="utf-8")
        text = now
    assert text == now


# Codes.


def write_case(code_name: str, case: dict, here: Path) -> None:
    files = dict(case.get("files", {}))
    if "detection" in case:
        rule = {
            "title": "An example",
            "logsource": {"category": "process_creation", "product": "windows"},
        }
        files["rule.yml"] = yaml.safe_dump(
            {**rule, "detection": case["detection"]}, sort_keys=False, width=1000
        )
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, encoding="utf-8")
    if code_name == "SG102":
        (here / "rule.yml").write_bytes(b"title: Caf\xe9\n")
    if code_name == "SG103":
        (here / "rule.yml").write_bytes(b"#" * (8 * 1024 * 1024 + 1))
    if code_name == "SG108":
        (here / "rules").mkdir()
        (here / "rules" / "again").symlink_to(here / "rules", target_is_directory=True)


def message(code_name: str, command: str) -> str:
    """Return the first message with the code that a command prints, with its hint."""
    output = CliRunner().invoke(cli, shlex.split(command)).output.splitlines()
    start = next(number for number, line in enumerate(output) if f" {code_name} " in line)
    hints = takewhile(
        lambda line: line.startswith("hint: "), (line.strip() for line in output[start + 1 :])
    )
    return "\n".join([output[start].strip(), *(f"    {hint}" for hint in hints)])


def codes_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    cases = yaml.safe_load((DOCS / "assets" / "codes.yml").read_text(encoding="utf-8"))
    assert cases.keys() == CODES.keys()
    lines = [CODES_HEAD]
    for name, meaning in CODES.items():
        here = folder / name
        here.mkdir()
        with monkeypatch.context() as patch:
            patch.chdir(here)
            if name == "SG001":
                patch.setattr("sigmaglot.compiler.legalise", {}.__getitem__)
                patch.setattr("sigmaglot.compiler.legal_choice", lambda *_: {}["an example"])
            write_case(name, cases[name], here)
            shown = message(name, cases[name]["run"])
        advice = textwrap.fill(
            cases[name]["do"], 120, break_long_words=False, break_on_hyphens=False
        )
        lines.append(
            f"## {name}\n\n{meaning[:1].upper()}{meaning[1:]}.\n\n```text\n{shown}\n```\n\n{advice}\n"
        )
    return "\n".join(lines)


CODES_HEAD = """\
# Codes

Every diagnostic and note has a stable code. SG0xx is a bug, SG1xx a rule that cannot be read, SG2xx the target's
schema, SG3xx the query language, SG4xx a pySigma backend, SG5xx events, SG6xx rule tests, SG7xx output files.

A diagnostic has a severity: an *error* fails its rule and makes the exit code 1, a *warning* and a *note* do not. Codes
from SG204 to SG309, and SG201, also name the **notes** of a query: each says why the query is broader or narrower than its rule.
`sigmaglot list codes` prints the same list.

The messages below are real; the examples lie in `docs/assets/codes.yml`.
"""


def test_each_code_has_a_section_with_a_real_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_goldens: bool
) -> None:
    page = DOCS / "codes.md"
    now = codes_page(tmp_path, monkeypatch)
    if update_goldens:
        page.write_text(now, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == now


# Coverage of the program by the pages.


def anchors(page: Path) -> set[str]:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_resolve(name: str) -> None:
    page = ROOT / name
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(link)
    assert broken == []


def test_each_language_has_a_page() -> None:
    assert {page.stem for page in (DOCS / "languages").glob("*.md")} == set(language_names())


def test_each_pipeline_and_rewrite_is_described() -> None:
    text = (DOCS / "pipelines.md").read_text(encoding="utf-8")
    assert [name for name in pipeline_names() if f"generated: fields {name} " not in text] == []
    assert [name for name in REWRITES if f"| `{name}` |" not in text] == []


def test_the_architecture_page_names_modules_and_layers_as_they_are() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(?:sigmaglot|pipelines|passes)/[\w/]+(?:\.py)?/?`", text)
    missing = [
        path
        for path in (name.strip("`") for name in named)
        if not (ROOT / "src" / path).exists() and not (ROOT / "src" / "sigmaglot" / path).exists()
    ]
    assert missing == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    said = next(match[3] for match in FENCED.finditer(text) if match[3].startswith("cli\n"))
    assert said.splitlines() == [
        layer.replace("sigmaglot.", "").replace(" |", ",") for layer in layers
    ]


def test_each_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    declared = [
        *project["dependencies"],
        *(one for group in project["optional-dependencies"].values() for one in group),
    ]
    names = [re.match(r"[\w.-]+", one)[0] for one in declared]
    assert [name for name in names if f"`{name}`" not in text] == []


def options(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from options(found, f"{path} {name}")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield from ((path, spelling) for spelling in parameter.opts)


def test_each_option_is_on_the_page_of_commands() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^## `sigmaglot (\w+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    )
    assert sections.keys() == COMMANDS.keys()
    for path, option in options(cli, "sigmaglot"):
        command = path.split()[1] if " " in path else ""
        assert f"`{option}" in sections.get(command, text), f"{path} {option}"


def test_each_key_of_a_record_is_described() -> None:
    result = rule_results()[0]
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [key for key in to_record(result) if f"| `{key}` |" not in text] == []


# Pictures.


def picture_text(path: Path) -> str:
    """Return the text of a picture, line by line."""
    rows: dict[float, str] = {}
    body = path.read_text(encoding="utf-8").partition('-matrix">')[2]
    for place, text in re.findall(r'<text [^>]*? y="([\d.]+)"[^>]*>(.*?)</text>', body):
        rows[float(place)] = rows.get(float(place), "") + html.unescape(text).replace("\xa0", " ")
    return "".join(f"{row.rstrip()}\n" for _, row in sorted(rows.items()))


PICTURES = {
    "convert": f"sigmaglot convert {RULES}/proc_creation_win_cmd_winrm_file_staging.yml -t defender -f hunt",
    "explain": "sigmaglot explain docs/assets/rules/phrase.yml -t kibana",
}
WIDTH = 118


def draw(name: str, command: str, output: str) -> str:
    """Return a picture of a terminal; it loads nothing from the network."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    console.print(Text(output.rstrip("\n")))
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    drawn = console.export_svg(title="sigmaglot", code_format=form, unique_id=name)
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_show_what_the_program_prints(
    name: str, folder: Path, update_goldens: bool
) -> None:
    path = DOCS / "assets" / f"{name}.svg"
    command = PICTURES[name]
    output = run(command)[1]
    if update_goldens:
        path.write_text(draw(name, command, output), encoding="utf-8")
    shown = "".join(picture_text(path).split())
    assert shown == "".join(f"$ {command}\n{output}".split())
    assert "url(" not in path.read_text(encoding="utf-8").replace("url(#", "")
