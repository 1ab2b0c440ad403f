"""Bad input: one diagnostic each, at its place, readable, with a next step; other rules unharmed.

Every message is written out whole, because a person has to read it.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from sigmaglot.compiler import Result, compile_documents
from sigmaglot.errors import Diagnostic, Severity
from sigmaglot.frontend import load_pipelines
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import find_targets
from strategies import detections

DEFENDER = find_targets(("defender",))
EVERY_TARGET = find_targets(("all",))

GOOD = """\
title: Good
id: 00000000-0000-4000-8000-00000000000f
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        CommandLine|contains: good
    condition: selection
"""

RULE = """\
title: Bad
id: 00000000-0000-4000-8000-000000000001
status: test
level: high
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        {line}
    condition: {condition}
"""


def rule(line: str = "CommandLine: cmd", condition: str = "selection") -> str:
    """Return a rule whose line 10, from column 9, is the given one; the condition is line 11."""
    return RULE.format(line=line, condition=condition)


def compile_paths(*paths: Path | str) -> list[Result]:
    return list(compile_documents(read_documents([str(path) for path in paths]), DEFENDER))


def only_problem(folder: Path, content: str | bytes) -> Diagnostic:
    """Return the one error of a bad file, after checking that the good rule beside it compiles."""
    bad, good = folder / "bad.yml", folder / "good.yml"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    good.write_text(GOOD, encoding="utf-8")
    return only_problem_of(compile_paths(bad, good), bad, good)


def only_problem_of(results: list[Result], bad: Path, good: Path) -> Diagnostic:
    by_path: dict[str, list[Result]] = {}
    for result in results:
        by_path.setdefault(result.info.path, []).append(result)
    assert set(by_path) == {str(bad), str(good)}
    (compiled,), (failed,) = by_path[str(good)], by_path[str(bad)]
    assert compiled.ok
    assert not compiled.diagnostics
    assert not failed.ok
    (problem,) = failed.diagnostics
    assert problem.path == str(bad)
    assert problem.severity is Severity.ERROR
    return problem


Case = tuple[str | bytes, str, tuple[int | None, int | None], str, str]
NOWHERE = (None, None)

YAML_CASES: dict[str, Case] = {
    "a tab as indentation": (
        "title: Bad\ndetection:\n\tselection:\n",
        "SG104",
        (3, 1),
        "not valid YAML: found character that cannot start any token",
        "YAML indents with spaces, not tabs",
    ),
    "a tab among spaces": (
        "title: Bad\nlogsource:\n    category: process_creation\n\tproduct: windows\n",
        "SG104",
        (4, 1),
        "not valid YAML: found a tab character that violates indentation",
        "YAML indents with spaces, not tabs",
    ),
    "an unclosed single quote": (
        rule("CommandLine: 'cmd"),
        "SG104",
        (10, 22),
        "not valid YAML: the quote that opens here is not closed",
        "close it; in single quotes a quote is doubled",
    ),
    "an unclosed double quote": (
        'title: "Bad\ndetection: {}\n',
        "SG104",
        (1, 8),
        "not valid YAML: the quote that opens here is not closed",
        "close it; in single quotes a quote is doubled",
    ),
    "an unquoted wildcard": (
        rule("CommandLine: *cmd"),
        "SG104",
        (10, 22),
        "not valid YAML: found undefined alias",
        "put a value that starts with `*` or `&` in quotes",
    ),
    "an unquoted percent sign": (
        rule("CommandLine: %TEMP%"),
        "SG104",
        (10, 22),
        "not valid YAML: found character that cannot start any token",
        "put a value that starts with a special character in quotes",
    ),
    "an unquoted colon": (
        rule("CommandLine: a: b"),
        "SG104",
        (10, 23),
        "not valid YAML: mapping values are not allowed in this context",
        "put a value that holds a colon and a space in quotes",
    ),
    "an unknown escape in double quotes": (
        rule('CommandLine: "C:\\Windows"'),
        "SG104",
        (10, 25),
        "not valid YAML: found unknown escape character",
        "in double quotes a backslash is doubled; single quotes take it as it is",
    ),
    "a tag": (
        rule("CommandLine: !secret cmd"),
        "SG104",
        (10, 22),
        "not valid YAML: could not determine a constructor for the tag '!secret'",
        "leave the tag out",
    ),
    "a control character": (
        rule("CommandLine: é\x01"),
        "SG104",
        (10, 23),
        "not valid YAML: unacceptable character #x0001: control characters are not allowed",
        "remove the character, or write it as an escape in double quotes",
    ),
    "a list as a key": (
        rule("? [a, b]\n        : cmd"),
        "SG104",
        (10, 11),
        "not valid YAML: a key is no text",
        "look at the indentation and the quotes before this place",
    ),
    "a duplicate key": (
        rule("CommandLine: cmd\n        Image: a\n        CommandLine: powershell"),
        "SG111",
        (12, 9),
        "the key `CommandLine` stands twice in one map",
        "merge the two, or use the `all` modifier for several values of one field",
    ),
    "no UTF-8": (
        "title: Bad\ndescription: caf".encode() + b"\xe9\n",
        "SG102",
        (2, 17),
        "not UTF-8: byte 0xe9",
        "save the file as UTF-8",
    ),
    "an empty file": ("", "SG106", NOWHERE, "the file holds no document", "write a rule"),
    "only comments": (
        "# nothing here\n# or here\n",
        "SG106",
        NOWHERE,
        "the file holds no document",
        "write a rule",
    ),
    "ten megabytes": (
        b"#" * (10 * 1024 * 1024),
        "SG103",
        NOWHERE,
        "the file is larger than 8 MiB",
        "split it into several files",
    ),
    "an alias bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "SG105",
        NOWHERE,
        "the aliases of the document expand to more than 1,000,000 nodes",
        "write the values out, or name them once",
    ),
    "an alias cycle": (
        "title: Bad\ndetection: &here\n    selection: *here\n    condition: selection\n",
        "SG105",
        NOWHERE,
        "the aliases of the document expand to more than 1,000,000 nodes",
        "write the values out, or name them once",
    ),
    "brackets 100,000 deep": (
        "[" * 100_000 + "]" * 100_000,
        "SG105",
        NOWHERE,
        "the document nests deeper than 200 levels",
        "flatten it",
    ),
    "braces 100,000 deep": (
        "{a: " * 100_000 + "1" + "}" * 100_000,
        "SG105",
        NOWHERE,
        "the document nests deeper than 200 levels",
        "flatten it",
    ),
    "brackets 100,000 deep, hidden behind closing ones": (
        "# " + "]" * 100_000 + "\n" + "[" * 100_000 + "]" * 100_000,
        "SG105",
        NOWHERE,
        "the document nests deeper than 200 levels",
        "flatten it",
    ),
    "dashes 100,000 deep": (
        "- " * 100_000 + "a",
        "SG105",
        NOWHERE,
        "the document nests deeper than 200 levels",
        "flatten it",
    ),
    "indentation 2,000 deep": (
        "".join(f"{' ' * depth}a:\n" for depth in range(2_000)),
        "SG105",
        NOWHERE,
        "the document nests deeper than 200 levels",
        "flatten it",
    ),
    "a list": (
        "# rules\n- title: Bad\n",
        "SG107",
        (2, 1),
        "the document is a list, not a map",
        "a rule starts with `title:`",
    ),
    "a scalar": (
        "just a text\n",
        "SG107",
        (1, 1),
        "the document is a single value, not a map",
        "a rule starts with `title:`",
    ),
}

RULE_CASES: dict[str, Case] = {
    "no detection": (
        "title: Bad\nlogsource:\n    category: process_creation\n",
        "SG120",
        (1, 1),
        "the rule has no `detection`",
        "add `detection:` with a selection and a `condition:`",
    ),
    "a detection that is a list": (
        "title: Bad\ndetection:\n    - selection\n",
        "SG120",
        (2, 1),
        "the rule has a `detection` that is not a map",
        "add `detection:` with a selection and a `condition:`",
    ),
    "no condition": (
        "title: Bad\ndetection:\n    selection:\n        Image: a\n",
        "SG121",
        (2, 1),
        "the detection has no `condition`",
        "add `condition:` with the names of the selections",
    ),
    "a condition that is a number": (
        rule(condition="5"),
        "SG121",
        (11, 5),
        "the `condition` is not a text",
        "add `condition:` with the names of the selections",
    ),
    "a condition that is empty": (
        rule(condition="''"),
        "SG121",
        (11, 5),
        "the `condition` is not a text",
        "add `condition:` with the names of the selections",
    ),
    "a condition that names an unknown selection": (
        rule(condition="selection and not filter"),
        "SG122",
        (11, 5),
        "the condition names the selection `filter`, which is not there",
        "the selections are `selection`",
    ),
    "a second condition that names an unknown selection": (
        rule(condition="\n        - selection\n        - filter"),
        "SG122",
        (13, 11),
        "the condition names the selection `filter`, which is not there",
        "the selections are `selection`",
    ),
    "a selector that matches nothing": (
        rule(condition="1 of filter_*"),
        "SG123",
        (11, 5),
        "`1 of filter_*` matches no selection",
        "name a selection so that the pattern finds it",
    ),
    "a condition that ends too early": (
        rule(condition="selection and ("),
        "SG124",
        (11, 5),
        "the condition cannot be parsed: unexpected end of text at its character 16",
        "use `and`, `or`, `not`, `1 of x*`, `all of x*` and parentheses",
    ),
    "a condition that goes on": (
        rule(condition="selection selection"),
        "SG124",
        (11, 5),
        "the condition cannot be parsed: unexpected 'selection' at its character 11",
        "use `and`, `or`, `not`, `1 of x*`, `all of x*` and parentheses",
    ),
    "the old pipe syntax": (
        rule(condition="selection | count() by Image > 5"),
        "SG124",
        (11, 5),
        "the condition uses the old pipe syntax, which Sigma has replaced",
        "write a correlation rule in its place",
    ),
    "a condition with 3,000 nested operators": (
        rule(condition="not " * 3_000 + "selection"),
        "SG105",
        (11, 5),
        "the condition nests too deeply to be read",
        "write parts of it as selections of their own",
    ),
    "an unknown modifier": (
        rule("CommandLine|contians: cmd"),
        "SG125",
        (10, 9),
        "unknown modifier 'contians'",
        "did you mean `contains`?",
    ),
    "contains with startswith": (
        rule("CommandLine|contains|startswith: cmd"),
        "SG126",
        (10, 9),
        "the modifiers `contains` and `startswith` of `CommandLine|contains|startswith` contradict each other",
        "keep one of them",
    ),
    "re with cidr": (
        rule("CommandLine|re|cidr: cmd"),
        "SG126",
        (10, 9),
        "the modifiers `re` and `cidr` of `CommandLine|re|cidr` contradict each other",
        "keep one of them",
    ),
    "base64 with base64offset": (
        rule("CommandLine|base64|base64offset: cmd"),
        "SG126",
        (10, 9),
        "the modifiers `base64` and `base64offset` of `CommandLine|base64|base64offset` contradict each other",
        "keep one of them",
    ),
    "a regular expression after another modifier": (
        rule("CommandLine|contains|re: cmd"),
        "SG126",
        (10, 9),
        "regular expression modifier only applicable to unmodified values",
        "put it first, or drop the modifier before it",
    ),
    "an invalid regular expression": (
        rule("CommandLine|re: 'cmd(a'"),
        "SG127",
        (10, 9),
        "regular expression 'cmd(a' is invalid: missing ), unterminated subpattern at position 3",
        "test it against a sample; Sigma's flavour is PCRE",
    ),
    "an invalid regular expression in a list": (
        rule("CommandLine|re:\n            - cmd\n            - '[a'"),
        "SG127",
        (12, 15),
        "regular expression '[a' is invalid: unterminated character set at position 0",
        "test it against a sample; Sigma's flavour is PCRE",
    ),
    "a network with host bits": (
        rule("CommandLine|cidr: 10.0.0.1/8"),
        "SG128",
        (10, 9),
        "invalid CIDR expression: 10.0.0.1/8 has host bits set",
        "write it as 10.0.0.0/8, with the host bits zero",
    ),
    "a network that is none": (
        rule("CommandLine|cidr: 10.0.0.0/33"),
        "SG128",
        (10, 9),
        "invalid CIDR expression: '10.0.0.0/33' does not appear to be an IPv4 or IPv6 network",
        "write it as 10.0.0.0/8, with the host bits zero",
    ),
    "base64 of a wildcard": (
        rule("CommandLine|base64: 'cmd*'"),
        "SG129",
        (10, 9),
        "base64 encoding of strings with wildcards is not allowed",
        "encode a text without wildcards",
    ),
    "UTF-16 of more than ASCII": (
        rule("CommandLine|wide|base64offset|contains: é"),
        "SG129",
        (10, 9),
        "wide modifier only allowed for ascii strings, input string 'é' isn't one",
        "the modifier encodes ASCII only",
    ),
    "a number with contains": (
        rule("CommandLine|contains: 5"),
        "SG130",
        (10, 9),
        "`CommandLine|contains` does not take the value `5`",
        "quote a number to make it a text, or drop the quotes",
    ),
    "a number as a regular expression": (
        rule("CommandLine|re: 5"),
        "SG130",
        (10, 9),
        "`re` takes a text, not `5`",
        "quote the value",
    ),
    "exists with a word": (
        rule("CommandLine|exists: maybe"),
        "SG130",
        (10, 9),
        "`CommandLine|exists` does not take the value `maybe`",
        "quote a number to make it a text, or drop the quotes",
    ),
    "a comparison with a word": (
        rule("ProcessId|lt: many"),
        "SG130",
        (10, 9),
        "`ProcessId|lt` does not take the value `many`",
        "quote a number to make it a text, or drop the quotes",
    ),
    "a list in a list of values": (
        rule("CommandLine:\n            - cmd\n            - [a]"),
        "SG130",
        (12, 15),
        "`CommandLine` takes texts and numbers, not a list",
        "write the values as one list, a date or a time in quotes",
    ),
    "a map as a value": (
        rule("CommandLine: {contains: a}"),
        "SG130",
        (10, 9),
        "`CommandLine` takes texts and numbers, not a map",
        "write the values as one list, a date or a time in quotes",
    ),
    "a date as a value": (
        rule("CommandLine: 2024-01-01"),
        "SG130",
        (10, 9),
        "`CommandLine` takes texts and numbers, not a date",
        "write the values as one list, a date or a time in quotes",
    ),
    "a date as a field": (
        rule("2024-01-01: cmd"),
        "SG130",
        (10, 9),
        "the field name `2024-01-01` is not a text",
        "quote the name",
    ),
    "a comparison without a field": (
        rule("'|lt': 5"),
        "SG130",
        (10, 9),
        "a keyword is a text, a number or a regular expression",
        "name a field before the modifiers, or quote the value",
    ),
    "windash on seven flags": (
        rule("CommandLine|windash|contains: ' -a -b -c -d -e -f -g '"),
        "SG132",
        (10, 9),
        "`windash` makes 78,125 forms of the value, over 5,000",
        "split the value into several, linked with `all`",
    ),
    "an unfilled placeholder": (
        rule("CommandLine|expand:\n            - cmd\n            - '%admins%'"),
        "SG133",
        (12, 15),
        "the placeholder `%admins%` of `CommandLine` has no value",
        "give its values with `-p FILE`, a pipeline with `value_placeholders`",
    ),
    "a selection without content": (
        rule("# nothing"),
        "SG134",
        (9, 5),
        "the selection `selection` is empty",
        "give it a field",
    ),
    "a selection that is an empty map": (
        "title: Bad\ndetection:\n    selection: {}\n    condition: selection\n",
        "SG134",
        (3, 5),
        "the selection `selection` is empty",
        "give it a field",
    ),
    "a bad id": (
        rule().replace("00000000-0000-4000-8000-000000000001", "rule-1"),
        "SG131",
        (2, 1),
        "sigma rule identifier must be an UUID",
        "see `id`",
    ),
    "a bad status": (
        rule().replace("status: test", "status: maybe"),
        "SG131",
        (3, 1),
        "'maybe' is not a valid Sigma rule status",
        "see `status`",
    ),
    "a bad level": (
        rule().replace("level: high", "level: huge"),
        "SG131",
        (4, 1),
        "'huge' is not a valid Sigma rule level",
        "see `level`",
    ),
    "a bad date": (
        rule().replace("status: test", "date: yesterday"),
        "SG131",
        (3, 1),
        "rule date 'yesterday' is invalid, use yyyy-mm-dd",
        "see `date`",
    ),
    "no title": (
        rule().replace("title: Bad", "name: bad"),
        "SG131",
        (1, 1),
        "sigma rule must have a title",
        "see `title`",
    ),
    "no log source": (
        "title: Bad\ndetection:\n    selection:\n        Image: a\n    condition: selection\n",
        "SG150",
        (1, 1),
        "sigma rule must have a log source",
        "see `logsource`",
    ),
    "a log source that says nothing": (
        "title: Bad\nlogsource: {}\ndetection:\n    selection:\n        Image: a\n    condition: selection\n",
        "SG150",
        (2, 1),
        "sigma log source can't be empty",
        "see `logsource`",
    ),
    "a correlation": (
        "title: Many\ncorrelation:\n    type: event_count\n    rules: [bad]\n",
        "SG140",
        (2, 1),
        "the correlation has no `timespan`",
        "add one, such as 5m",
    ),
    "a filter": (
        "title: Not here\nlogsource:\n    category: process_creation\nfilter:\n    rules: [bad]\n",
        "SG141",
        (4, 1),
        "the filter has no condition that is a text",
        "add `condition:` with the names of the selections",
    ),
}


@pytest.mark.parametrize("case", YAML_CASES)
def test_a_file_that_is_no_rule_is_one_diagnostic(case: str, tmp_path: Path) -> None:
    content, code, place, message, hint = YAML_CASES[case]
    problem = only_problem(tmp_path, content)
    assert (problem.code, problem.line, problem.column) == (code, *place)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize("case", RULE_CASES)
def test_a_rule_that_is_wrong_is_one_diagnostic(case: str, tmp_path: Path) -> None:
    content, code, place, message, hint = RULE_CASES[case]
    problem = only_problem(tmp_path, content)
    assert (problem.code, problem.line, problem.column) == (code, *place)
    assert (problem.message, problem.hint) == (message, hint)


def test_a_diagnostic_names_the_rule_it_is_about(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, rule("CommandLine|contians: cmd"))
    assert problem.rule_id == "00000000-0000-4000-8000-000000000001"


def test_the_second_rule_with_an_id_is_refused(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "twin.yml"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD, encoding="utf-8")
    problem = only_problem_of(compile_paths(good, bad), bad, good)
    assert (problem.code, problem.line, problem.column) == ("SG109", 2, 1)
    assert (
        problem.message == f"the id 00000000-0000-4000-8000-00000000000f is used already by {good}"
    )
    assert problem.hint == "give the rule an id of its own"


def test_a_file_that_is_not_there_is_one_diagnostic(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "missing.yml"
    good.write_text(GOOD, encoding="utf-8")
    problem = only_problem_of(compile_paths(bad, good), bad, good)
    assert (problem.code, problem.line) == ("SG101", None)
    assert problem.message == "cannot be read: no such file or directory"
    assert problem.hint == "check the path and its permissions"


def test_a_file_without_permission_is_one_diagnostic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "secret.yml"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD, encoding="utf-8")
    real_open = open

    def guarded(path: Any, *args: Any, **options: Any) -> Any:
        if str(path) == str(bad):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real_open(path, *args, **options)

    monkeypatch.setattr("builtins.open", guarded)
    problem = only_problem_of(compile_paths(tmp_path), bad, good)
    assert (problem.code, problem.line) == ("SG101", None)
    assert problem.message == "cannot be read: permission denied"


def test_a_link_to_itself_is_one_diagnostic(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "loop.yml"
    good.write_text(GOOD, encoding="utf-8")
    bad.symlink_to(bad)
    problem = only_problem_of(compile_paths(tmp_path), bad, good)
    assert (problem.code, problem.line) == ("SG101", None)
    assert problem.message == "cannot be read: too many levels of symbolic links"


def test_a_link_to_a_folder_above_is_one_diagnostic(tmp_path: Path) -> None:
    good, bad = tmp_path / "rules" / "good.yml", tmp_path / "rules" / "back"
    good.parent.mkdir()
    good.write_text(GOOD, encoding="utf-8")
    bad.symlink_to(tmp_path, target_is_directory=True)
    problem = only_problem_of(compile_paths(tmp_path), bad, good)
    assert (problem.code, problem.line) == ("SG108", None)
    assert problem.message == "the link leads back to a folder above it"
    assert problem.hint == "remove the link, or name the folders to read one by one"


def test_a_folder_in_place_of_a_file_is_read_as_a_folder(tmp_path: Path) -> None:
    inside = tmp_path / "rule.yml"
    inside.mkdir()
    (inside / "good.yml").write_text(GOOD, encoding="utf-8")
    (result,) = compile_paths(tmp_path)
    assert result.ok


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.rstrip("\n").encode(),
    ],
    ids=["CRLF line ends", "a byte order mark", "no line end at the end"],
)
def test_what_editors_write_is_read(content: bytes, tmp_path: Path) -> None:
    plain, other = tmp_path / "plain.yml", tmp_path / "other.yml"
    plain.write_text(GOOD, encoding="utf-8")
    other.write_bytes(content)
    (expected,), (result,) = compile_paths(plain), compile_paths(other)
    assert result.queries == expected.queries != ()


def test_a_diagnostic_counts_lines_of_a_file_with_crlf_and_a_mark(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + rule("CommandLine|contians: cmd").replace("\n", "\r\n").encode()
    problem = only_problem(tmp_path, content)
    assert (problem.code, problem.line, problem.column) == ("SG125", 10, 9)


def test_a_bad_document_between_good_ones_harms_neither(tmp_path: Path) -> None:
    path = tmp_path / "three.yml"
    other = GOOD.replace("00000000000f", "00000000000e")
    path.write_text(f"{GOOD}---\n{rule(condition='filter')}---\n{other}", encoding="utf-8")
    first, second, third = compile_paths(path)
    assert first.ok
    assert third.ok
    (problem,) = second.diagnostics
    assert (problem.code, problem.line, problem.column) == ("SG122", 21, 5)


def test_broken_yaml_keeps_the_documents_before_it(tmp_path: Path) -> None:
    path = tmp_path / "two.yml"
    path.write_text(f"{GOOD}---\ntitle: 'Bad\n", encoding="utf-8")
    first, second = compile_paths(path)
    assert first.ok
    (problem,) = second.diagnostics
    assert (problem.code, problem.line, problem.column) == ("SG104", 11, 8)


def test_an_error_is_placed_though_a_later_document_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "two.yml"
    path.write_text(f"{rule('Image|contians: a')}---\ntitle: 'Bad\n", encoding="utf-8")
    first, _ = compile_paths(path)
    (problem,) = first.diagnostics
    assert (problem.code, problem.line, problem.column) == ("SG125", 10, 9)


def test_empty_documents_in_a_file_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "gaps.yml"
    path.write_text(f"---\n---\n{GOOD}---\n", encoding="utf-8")
    (result,) = compile_paths(path)
    assert result.ok


def test_a_processing_pipeline_among_rules_is_noted_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_text(
        "name: mine\npriority: 10\ntransformations:\n    - id: x\n      type: field_name_mapping\n"
        "      mapping: {Image: Picture}\n",
        encoding="utf-8",
    )
    (result,) = compile_paths(path)
    (note,) = result.diagnostics
    assert (note.code, note.severity) == ("SG110", Severity.NOTE)
    assert note.message == "a processing pipeline, not a rule: skipped"
    assert note.hint == "apply it to the rules with `-p`"


def test_a_failing_user_pipeline_is_the_diagnostic_of_each_rule_it_fails(tmp_path: Path) -> None:
    good = tmp_path / "good.yml"
    good.write_text(GOOD, encoding="utf-8")
    pipelines = load_pipelines(
        [
            "name: p\npriority: 1\ntransformations:\n- id: f\n  type: rule_failure\n  message: not today\n"
        ]
    )
    (result,) = compile_documents(read_documents([str(good)]), DEFENDER, pipelines=pipelines)
    (problem,) = result.diagnostics
    assert problem.code == "SG160"
    assert problem.message == "the processing pipeline failed: not today"


@settings(max_examples=400, deadline=None)
@given(detections())
def test_no_detection_makes_the_compiler_raise_or_blame_itself(detection: dict[Any, Any]) -> None:
    data = {
        "title": "Any",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": detection,
    }
    document = Document("any.yml", 0, data, json.dumps(data, ensure_ascii=False))
    for result in compile_documents([document], EVERY_TARGET):
        assert result.ok != bool(result.diagnostics)
        for problem in result.diagnostics:
            assert problem.code != "SG001", problem
            assert problem.message
            assert problem.hint
            assert problem.line == 1
