"""Random trees over Sigma fields, and events that come close to what a tree asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.ir import AnyOne, AnyRun, Literal, Node, Op, Pattern, Shape

Event = Mapping[str, Any]

NASTY = "a b c Z 9 \\ * ? \" ' % $ [ ] ( ) { } ^ & | ` , ; : . = ! < > - _ / # @ ~ +".split() + [
    " ",
    "\t",
    "\n",
    "\r",
    "\x01",
    "\u00a0",
    "é",
    "É",
    "ж",
    "😀",
    "漢",
]
WORDS = (
    "cmd.exe powershell and or not AND OR NOT in null true like net user \\cmd.exe C:\\Windows\\ .* "
    "%TEMP% ${x} a*b a?b \\* \\\\ \\u0041 \\n ' '' \" \"\" ``` $1 (?i) (a|b) [a-z] %0a &amp; // # --"
).split() + ["net user", " or ", "and ", "not ", " -", "x\\", "ends with\\", "  ", "- ", "| where"]

LITERALS = st.one_of(
    st.sampled_from(WORDS),
    st.text(st.sampled_from(NASTY), min_size=1, max_size=6),
)
TEXT_FIELDS = ("CommandLine", "ParentCommandLine", "OriginalFileName", "Company", "Foo")
PATH_FIELDS = ("Image", "ParentImage")
LEVELS = ("Low", "Medium", "High", "System")
NAMES = ("cmd.exe", "CMD.EXE", "a b.exe", "x", "é.exe", "notcmd.exe", "cmd.exe.bak", "a*b.exe")
FOLDERS = ("C:\\", "C:\\Windows\\System32\\", "\\\\host\\share\\", "c:\\cmd.exe\\")
USERS = (
    "NT AUTHORITY\\SYSTEM",
    "DOM\\anna",
    "dom\\ANNA",
    "A\\b",
    "NT-AUTORITÄT\\SYSTEM",
    "DOM\\svc$",
)
MD5 = "ABCDEF0123456789ABCDEF0123456789"
SHA1 = "0123456789abcdef0123456789ABCDEF01234567"
SHA256 = "00FF" * 16
IMPHASH = "F" * 31 + "0"
HASHES = (
    f"MD5={MD5},SHA256={SHA256},IMPHASH={IMPHASH}",
    f"SHA1={SHA1},MD5={MD5.lower()}",
    f"SHA256={SHA256}",
    f"MD5={IMPHASH}",
)
HASH_LITERALS = (
    f"MD5={MD5}",
    f"md5={MD5.lower()}",
    f"SHA1={SHA1}",
    f"SHA256={SHA256}",
    f"IMPHASH={IMPHASH}",
    "MD5=ABC",
    "SHA256=00ff",
    MD5,
    MD5[:8],
    SHA256,
    f"MD5={MD5},SHA256={SHA256}",
    "zz",
)
REGEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"cmd\.exe", ("cmd.exe", "CMD.EXE", "cmdXexe")),
    (r"^cmd$", ("cmd", "cmd\n", "CMD", "a\ncmd")),
    (r"net\s+(?:user|group)", ("net user", "net\tgroup", "NET  user")),
    (r"net (user|group)", ("Net User", "net group")),
    (r"\\cmd\.exe$", ("x\\cmd.exe", "\\cmd.exe\n")),
    (r"a\\", ("a\\", "a")),
    (r"[^a-z]{2,3}", ("12", "ab", "AB")),
    (r"\d{3}\b", ("123", "1234", "x123 ")),
    (r"(a)\1", ("aa", "ab")),
    (r"a(?=b)", ("ab", "ac")),
    (r"(?<!x)y", ("y", "xy")),
    (r"[)\]]", (")", "]")),
    (r"\(\?", ("(?", "?")),
    (r"\"'", ("\"'", '"')),
    (r"a|b", ("a", "b", "A")),
    (r"^a|b$", ("a", "cb", "ca")),
    (r"x{2}", ("xx", "x")),
    (r".a", ("\na", "ba")),
    (r"\t|\x41", ("\t", "A")),
    (r"é+", ("éé", "É")),
    (r"[/-]c", ("/c", "-C")),
    (r"a\/b", ("a/b",)),
    (r"%\w+:~-?\d+", ("%TEMP:~-3", "%T:~1")),
    (r"\$\{", ("${",)),
    (r"a.*b", ("a\nb", "ab")),
    (r"(?:)", ("", "a")),
)
LEVEL_REGEXES = ("High|Sys", "h", "^L")
NUMBERS = ("0", "5", "42", "4294967296")


def patterns(literals: st.SearchStrategy[str]) -> st.SearchStrategy[Pattern]:
    """Draw a pattern of any shape."""
    simple = st.builds(
        ir.pattern,
        st.sampled_from([Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS]),
        literals,
    )
    parts = st.lists(literals.map(Literal) | st.sampled_from([AnyOne, AnyRun]), max_size=4)
    return st.one_of(simple, simple, parts.map(lambda found: ir.tidy(tuple(found))))


def strings(field: str, literals: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    return st.builds(ir.StringMatch, st.just(field), patterns(literals), st.booleans())


def path_literals() -> st.SearchStrategy[str]:
    named = st.sampled_from(NAMES)
    return st.one_of(named.map(lambda name: "\\" + name), named, st.sampled_from(FOLDERS), LITERALS)


def user_literals() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(USERS), st.sampled_from(["SYSTEM", "AUTHORI", "DOM\\", "\\", "anna", "a"])
    )


@st.composite
def lists(draw: st.DrawFn, leaf: st.SearchStrategy[Node]) -> Node:
    """Draw a list of values, or one."""
    found = draw(st.lists(leaf, min_size=1, max_size=4))
    return ir.And(tuple(found)) if draw(st.booleans()) else ir.Or(tuple(found))


def leaves() -> st.SearchStrategy[Node]:
    texts = st.sampled_from(TEXT_FIELDS)
    text_leaf = texts.flatmap(lambda field: strings(field, LITERALS))
    regex = st.sampled_from(REGEXES).map(lambda pair: pair[0])
    flags = st.sampled_from(["", "", "i", "m", "s", "is"])
    anywhere = st.sampled_from(
        [*TEXT_FIELDS, *PATH_FIELDS, "User", "IntegrityLevel", "ProcessId", "Hashes", "LogonId"]
    )
    number_ops = st.sampled_from(list(Op))
    return st.one_of(
        text_leaf,
        texts.flatmap(lambda field: lists(strings(field, LITERALS))),
        st.sampled_from(PATH_FIELDS).flatmap(lambda field: lists(strings(field, path_literals()))),
        lists(strings("User", user_literals())),
        strings("IntegrityLevel", st.sampled_from([*LEVELS, "high", "Hi", "gh", "Other"])),
        strings("Hashes", st.sampled_from(HASH_LITERALS)),
        strings("ProcessId", st.sampled_from([*NUMBERS, "4", "x", "05", "4_2"])),
        strings("LogonId", st.sampled_from(["0x3e7", "0x3E7", "0x03e7", "3e7"])),
        st.builds(
            ir.RegexMatch, st.sampled_from([*TEXT_FIELDS, *PATH_FIELDS, "User"]), regex, flags
        ),
        st.builds(ir.RegexMatch, st.just("IntegrityLevel"), st.sampled_from(LEVEL_REGEXES), flags),
        st.builds(ir.IsNull, anywhere),
        st.builds(ir.Exists, anywhere),
        st.builds(
            ir.Compare,
            st.sampled_from(["ProcessId", "CommandLine"]),
            number_ops,
            st.sampled_from([0, 5, 41.5]),
        ),
        st.builds(
            ir.FieldMatch,
            st.sampled_from(TEXT_FIELDS[:4]),
            st.sampled_from(TEXT_FIELDS[:4]),
            st.sampled_from([Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS]),
        ),
        st.builds(
            ir.CidrMatch,
            st.just("CommandLine"),
            st.sampled_from(["10.0.0.0/8", "fe80::/10", "::/0"]),
        ),
    )


def trees() -> st.SearchStrategy[Node]:
    """Draw a tree over Sigma fields, of the leaves that lowering makes."""
    groups = st.lists
    return st.recursive(
        leaves(),
        lambda inner: st.one_of(
            groups(inner, min_size=1, max_size=3).map(lambda found: ir.And(tuple(found))),
            groups(inner, min_size=1, max_size=3).map(lambda found: ir.Or(tuple(found))),
            inner.map(ir.Not),
        ),
        max_leaves=5,
    )


@st.composite
def instances(draw: st.DrawFn, pattern: Pattern) -> str:
    """Draw a text that a pattern matches, if it is not changed afterwards."""
    fill = {
        AnyOne: st.sampled_from(["q", "\n", "*"]),
        AnyRun: st.sampled_from(["", "q", " q ", "\n"]),
    }
    return "".join(part.text if isinstance(part, Literal) else draw(fill[part]) for part in pattern)


CHANGES = (
    lambda text: text,
    lambda text: text,
    str.swapcase,
    str.upper,
    lambda text: f"{text}z",
    lambda text: f"z{text}",
    lambda text: f"{text}\\",
    lambda text: f"a {text} b",
    lambda text: f"({text})",
    lambda text: text[1:],
    lambda text: text[:-1],
    lambda text: text[: len(text) // 2] + " " + text[len(text) // 2 :],
    lambda text: text[: len(text) // 2] + "." + text[len(text) // 2 :],
    lambda text: text.replace("\\", "\\\\"),
    lambda text: text.replace("*", "x").replace("?", "y"),
    lambda text: f"{text}\n",
)


@st.composite
def texts_near(draw: st.DrawFn, tree: Node, field: str) -> str | None:
    """Draw a value of a text field: near a leaf of the tree about any field, or something else."""
    near: list[st.SearchStrategy[str | None]] = [
        st.none(),
        st.just(""),
        st.just("10.1.2.3"),
        LITERALS,
    ]
    for leaf in ir.leaves(tree):
        if isinstance(leaf, ir.StringMatch):
            near += [instances(leaf.pattern)] * (3 if leaf.field == field else 1)
        if isinstance(leaf, ir.RegexMatch):
            near.append(st.sampled_from(dict(REGEXES).get(leaf.regex, LEVELS)))
        if isinstance(leaf, ir.CidrMatch):
            near.append(st.sampled_from(["10.1.2.3", "fe80::1", "11.0.0.1", "::ffff:10.0.0.1"]))
        if isinstance(leaf, ir.Compare):
            near.append(st.sampled_from(["5", "41.5", "-1", "1000"]))
    found = draw(st.one_of(near))
    return None if found is None else draw(st.sampled_from(CHANGES))(found)


MISSING = object()


def asks_for_the_end(tree: Node) -> bool:
    """Return whether engines differ on the tree where a value ends in a line break.

    The `$` of PCRE and Python holds before a line break that ends the text, the one of RE2 does not.
    """
    regexes = (ir.RegexMatch, ir.KeywordRegex)
    return any(isinstance(leaf, regexes) and "$" in leaf.regex for leaf in ir.leaves(tree))


@st.composite
def events(draw: st.DrawFn, tree: Node) -> dict[str, Any]:
    """Draw a Sysmon event: free texts anything, other fields as Sysmon writes them.

    A null value is drawn only where the tree does not ask whether a field exists: no schema keeps
    the difference between a null and a missing field.
    """
    event: dict[str, Any] = {field: draw(texts_near(tree, field)) for field in TEXT_FIELDS}
    for field in PATH_FIELDS:
        folder, name = draw(st.sampled_from(FOLDERS)), draw(st.sampled_from(NAMES))
        event[field] = draw(st.sampled_from([folder + name, folder + name, MISSING]))
    event["User"] = draw(st.sampled_from([*USERS, MISSING]))
    event["IntegrityLevel"] = draw(st.sampled_from([*LEVELS, MISSING]))
    event["Hashes"] = draw(st.sampled_from([*HASHES, MISSING]))
    event["ProcessId"] = draw(st.sampled_from([*NUMBERS, MISSING]))
    event["LogonId"] = draw(st.sampled_from(["0x3e7", "0x1", MISSING]))
    nulls = not any(isinstance(leaf, ir.Exists) for leaf in ir.leaves(tree))
    return {
        field: value
        for field, value in event.items()
        if value is not MISSING and (nulls or value is not None)
    }


def keyword_trees() -> st.SearchStrategy[Node]:
    """Draw a tree with keywords, which are looked for in every field."""
    around = LITERALS.map(lambda text: ir.pattern(Shape.CONTAINS, text))
    regex = st.sampled_from(REGEXES).map(lambda pair: pair[0])
    leaf = st.one_of(
        st.builds(ir.Keyword, around, st.booleans()),
        st.builds(ir.Keyword, around, st.booleans()),
        st.builds(ir.KeywordRegex, regex, st.sampled_from(["", "i"])),
        strings("CommandLine", LITERALS),
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda found: ir.And(tuple(found))),
            st.lists(inner, min_size=2, max_size=3).map(lambda found: ir.Or(tuple(found))),
            inner.map(ir.Not),
        ),
        max_leaves=3,
    )


@st.composite
def keyword_events(draw: st.DrawFn, tree: Node) -> dict[str, Any]:
    """Draw an event whose texts come close to the keywords."""
    near: list[st.SearchStrategy[str]] = [LITERALS]
    for leaf in ir.leaves(tree):
        if isinstance(leaf, ir.KeywordRegex):
            near.append(st.sampled_from(dict(REGEXES)[leaf.regex]))
        if isinstance(leaf, (ir.Keyword, ir.StringMatch)):
            near += [instances(leaf.pattern)] * 2
    return {
        field: draw(st.sampled_from(CHANGES))(draw(st.one_of(near)))
        for field in ("CommandLine", "ParentCommandLine")
    }
