"""Files, folders and standard input become documents with the values that YAML gives them."""

from __future__ import annotations

import datetime as dt
import io
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigmaglot.errors import Diagnostic
from sigmaglot.source import Document, find_files, read_documents, read_file


def read(path: Path, text: str | bytes) -> list[Document | Diagnostic]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_file(str(path))


def document(path: Path, text: str | bytes) -> Document:
    (found,) = read(path, text)
    assert isinstance(found, Document), found
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rule.yml"


def test_a_byte_order_mark_is_no_part_of_the_text(file: Path) -> None:
    found = document(file, b"\xef\xbb\xbftitle: x\n")
    assert found.data == {"title": "x"}
    assert found.text == "title: x\n"
    assert found.position(("title",)) == (1, 1)


def test_lines_may_end_as_windows_ends_them(file: Path) -> None:
    found = document(file, "title: x\r\nlist:\r\n  - a\r\n  - b\r\ntext: |\r\n  c\r\n  d\r\n")
    assert found.data == {"title": "x", "list": ["a", "b"], "text": "c\nd\n"}
    assert found.position(("list", 1)) == (4, 5)
    assert found.position(("text",)) == (5, 1)


SEVERAL = """\
title: first
detection:
  sel: {A: [x, y]}
---
---
title: third
detection:
  sel:
    B|contains:
      - one
      - two
  list:
    - C: 1
    - D: 2
"""


def test_every_document_has_its_own_positions(file: Path) -> None:
    found = read(file, SEVERAL)
    first, third = [one for one in found if isinstance(one, Document)]
    assert len(found) == 2
    assert (first.index, third.index) == (0, 2)  # an empty document counts, and is none
    assert (first.data["title"], third.data["title"]) == ("first", "third")
    assert first.position(("title",)) == (1, 1)
    assert third.position(("title",)) == (6, 1)
    places = (
        (),
        ("detection",),
        ("detection", "sel", "B|contains"),
        ("detection", "sel", "B|contains", 1),
        ("detection", "list", 1),
        ("detection", "list", 1, "D"),
    )
    assert third.positions(places) == [(6, 1), (7, 1), (9, 5), (11, 9), (14, 7), (14, 7)]
    assert first.position(("detection", "sel", "A", 1)) == (3, 16)


def test_a_place_that_is_not_there_has_the_position_of_its_parent(file: Path) -> None:
    found = document(file, "title: x\nlist:\n  - a\n")
    assert found.position(("list", 7)) == (2, 1)
    assert found.position(("list", "a")) == (2, 1)
    assert found.position(("title", "below")) == (1, 1)
    assert found.position(("nothing",)) == (1, 1)


def test_a_document_has_positions_though_a_later_one_is_broken(file: Path) -> None:
    first, broken = read(file, "title: x\na: 1\n---\nb: [\n")
    assert isinstance(first, Document)
    assert first.position(("a",)) == (2, 1)
    assert isinstance(broken, Diagnostic)
    assert broken.code == "SG104"


def test_a_diagnostic_names_the_place_and_the_rule(file: Path) -> None:
    found = document(file, "id: abc\na:\n  b: 1\n").diagnose("SG130", "why", ("a", "b"), hint="so")
    assert found == Diagnostic(
        "SG130", "why", hint="so", path=str(file), line=3, column=3, rule_id="abc"
    )
    assert document(file, "id: 5\n").diagnose("SG130", "why").rule_id == ""


BASE = "base: &base {A: 1, B: 2}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{<<: *base, C: 3}", {"A": 1, "B": 2, "C": 3}),
        ("{C: 3, <<: *base}", {"A": 1, "B": 2, "C": 3}),
        ("{<<: [*base, {C: 4}]}", {"A": 1, "B": 2, "C": 4}),
        ("{<<: *base, B: 3}", {"A": 1, "B": 3}),
        ("{B: 3, <<: *base}", {"A": 1, "B": 3}),
        ("{<<: [*base, {A: 5}]}", {"A": 1, "B": 2}),
    ],
)
def test_merge_keys(file: Path, text: str, expected: dict[str, int]) -> None:
    whole = f"{BASE}key: {text}\n"
    assert document(file, whole).data["key"] == expected == yaml.safe_load(whole)["key"]


def test_an_alias_is_the_same_value(file: Path) -> None:
    found = document(file, "a: &m {x: 1}\nb: *m\nc: &l [1, 2]\nd: *l\ne: &t text\nf: *t\n").data
    assert found["a"] is found["b"]
    assert found["c"] is found["d"]
    assert found["e"] == found["f"] == "text"


def test_a_value_may_hold_itself_without_end(file: Path) -> None:
    (found,) = read(file, "a: &a [*a]\n")
    assert isinstance(found, Diagnostic)
    assert found.code == "SG105"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("0x1F", 31),
        ("017", 15),
        ("1_000", 1000),
        ("1.5", 1.5),
        (".inf", float("inf")),
        ("true", True),
        ("No", False),
        ("on", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-05-01", dt.date(2024, 5, 1)),
        ("2024-05-01 10:00:00", dt.datetime(2024, 5, 1, 10)),
        ("2024/05/01", "2024/05/01"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("12:30:45", 45045),
        ("[1, [a, {b: c}]]", [1, ["a", {"b": "c"}]]),
        ("{1: a, null: c}", {1: "a", None: "c"}),
        ("!!set {a, b}", {"a", "b"}),
        ("!!binary aGk=", b"hi"),
        ("|\n  a\n  b", "a\nb\n"),
        (">-\n  a\n  b", "a b"),
    ],
)
def test_scalars_are_what_yaml_says(file: Path, text: str, value: Any) -> None:
    found = document(file, f"key: {text}\n").data["key"]
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(yaml.safe_load(f"key: {text}\n")["key"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "SG111"),
        ("x: {a: 1, 'a': 2}\n", "SG111"),
        ("b: &b {A: 1}\nx: {<<: *b, C: 2, C: 3}\n", "SG111"),
        ("x: {? [a] : 1}\n", "SG104"),
        ("x: {? {a: 1} : 1}\n", "SG104"),
        ("x: !!python/name:os.system 1\n", "SG104"),
        ("<<: 1\n", "SG104"),
        ("a: *b\n", "SG104"),
        ("", "SG106"),
        ("# only a comment\n", "SG106"),
        ("---\n---\n", "SG106"),
        ("- a\n", "SG107"),
        ("text\n", "SG107"),
        ("transformations: []\n", "SG110"),
        ("a: \x07\n", "SG104"),
        ("a: 'b\n", "SG104"),
        ("\ta: b\n", "SG104"),
        ("a: 1\n" + "x: " + "[" * 201 + "]" * 201 + "\n", "SG105"),
        ("a: " + "- " * 201 + "\n", "SG104"),
    ],
)
def test_what_cannot_be_a_rule_is_one_diagnostic(file: Path, text: str, code: str) -> None:
    (found,) = read(file, text)
    assert isinstance(found, Diagnostic)
    assert found.code == code
    assert found.path == str(file)


def test_brackets_inside_texts_do_not_nest(file: Path) -> None:
    text = "[" * 300
    assert document(file, f"a: '{text}'\n").data == {"a": text}
    assert document(file, f"a: {'[[]]' * 0}{'[' * 60}{']' * 60}\nb: '{text}'\n").data["b"] == text


def test_a_pipeline_file_with_a_rule_in_it_is_a_rule(file: Path) -> None:
    assert document(file, "transformations: []\ndetection: {}\n").data["detection"] == {}


@pytest.mark.parametrize(
    ("data", "place"), [(b"a: \xff\n", (1, 4)), (b"title: x\nb: ok\nc: a\xe9b\n", (3, 5))]
)
def test_bytes_that_are_not_utf_8_have_a_place(
    file: Path, data: bytes, place: tuple[int, int]
) -> None:
    (found,) = read(file, data)
    assert isinstance(found, Diagnostic)
    assert (found.code, (found.line, found.column)) == ("SG102", place)


def test_a_large_file_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigmaglot.source.MAX_BYTES", 1024 * 1024)
    assert document(file, b"a: 1\n" + b"#" * (1024 * 1024 - 5)).data == {"a": 1}
    (found,) = read(file, b"#" * (1024 * 1024 + 1))
    assert isinstance(found, Diagnostic)
    assert (found.code, found.message) == ("SG103", "the file is larger than 1 MiB")


def test_aliases_that_grow_beyond_measure_are_refused(file: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    (found,) = read(file, "\n".join(lines))
    assert isinstance(found, Diagnostic)
    assert found.code == "SG105"


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbftitle: x\r\n---\na: 1\n"))
    )
    found = list(read_documents(["-"]))
    assert [(one.path, one.data) for one in found if isinstance(one, Document)] == [
        ("-", {"title": "x"}),
        ("-", {"a": 1}),
    ]


def tree(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"title: {name}\n", encoding="utf-8")


def test_folders_are_read_in_order_and_deep(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "b.yml",
        "a/z.yaml",
        "a/b/c.yml",
        "c.txt",
        "d.yml.bak",
        "a/Y.yml",
        ".e.yml",
        "f.YML",
    )
    found = [path for path, problem in find_files([str(tmp_path)]) if problem is None]
    assert [str(Path(path).relative_to(tmp_path)) for path in found] == [
        ".e.yml",
        "a/Y.yml",
        "a/b/c.yml",
        "a/z.yaml",
        "b.yml",
    ]


def test_a_named_file_is_read_whatever_its_suffix_and_paths_keep_their_order(
    tmp_path: Path,
) -> None:
    tree(tmp_path, "b.txt", "a.yml")
    names = [str(tmp_path / name) for name in ("b.txt", "a.yml", "b.txt")]
    assert [one.path for one in read_documents(names)] == names


def test_a_folder_without_rules_says_so(tmp_path: Path) -> None:
    tree(tmp_path, "sub/readme.txt")
    (found,) = read_documents([str(tmp_path)])
    assert isinstance(found, Diagnostic)
    assert (found.code, found.path) == ("SG112", str(tmp_path))


@pytest.mark.parametrize("name", ["nowhere.yml", "nowhere/"])
def test_a_path_that_is_not_there_says_so(tmp_path: Path, name: str) -> None:
    (found,) = read_documents([str(tmp_path / name)])
    assert isinstance(found, Diagnostic)
    assert (found.code, found.message) == ("SG101", "cannot be read: no such file or directory")


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    tree(tmp_path, "rules/a.yml", "elsewhere/b.yml")
    (tmp_path / "rules" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "rules" / "up").symlink_to(tmp_path / "rules")
    (tmp_path / "rules" / "z.yml").symlink_to(tmp_path / "rules" / "a.yml")
    found = list(read_documents([str(tmp_path / "rules")]))
    names = [Path(one.path).relative_to(tmp_path / "rules").as_posix() for one in found]
    assert names == ["a.yml", "link/b.yml", "up", "z.yml"]
    circle = found[2]
    assert isinstance(circle, Diagnostic)
    assert circle.code == "SG108"


def test_the_same_folder_twice_beside_each_other_is_no_circle(tmp_path: Path) -> None:
    tree(tmp_path, "rules/x/a.yml")
    (tmp_path / "rules" / "y").symlink_to(tmp_path / "rules" / "x")
    assert [one.data for one in read_documents([str(tmp_path)]) if isinstance(one, Document)] == [
        {"title": "rules/x/a.yml"}
    ] * 2


def test_a_link_that_leads_nowhere_is_one_diagnostic(tmp_path: Path) -> None:
    tree(tmp_path, "a.yml")
    (tmp_path / "b.yml").symlink_to(tmp_path / "gone.yml")
    first, second = read_documents([str(tmp_path)])
    assert isinstance(first, Document)
    assert isinstance(second, Diagnostic)
    assert second.code == "SG101"


def test_a_folder_that_cannot_be_listed_is_one_diagnostic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a.yml")

    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr("os.scandir", refuse)
    (found,) = read_documents([str(tmp_path)])
    assert isinstance(found, Diagnostic)
    assert (found.code, found.message) == ("SG101", "cannot be read: permission denied")


def test_an_entry_that_cannot_be_examined_is_taken_for_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        name = "gone.yml"
        path = str(tmp_path / "gone.yml")

        def is_dir(self) -> bool:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.scandir", lambda _: iter([Entry()]))
    (found,) = read_documents([str(tmp_path)])
    assert isinstance(found, Diagnostic)
    assert (found.code, found.path) == ("SG101", Entry.path)


def test_a_loader_that_runs_out_of_stack_says_the_document_is_too_deep(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deep(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("sigmaglot.source.Loader.get_data", deep)
    (found,) = read(file, "a: 1\n")
    assert isinstance(found, Diagnostic)
    assert found.code == "SG105"
