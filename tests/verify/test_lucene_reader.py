"""What the reader of Lucene's query strings accepts, refuses and means.

Expected values follow Elastic's guide (query string syntax, regular expression syntax) and the rules
of Lucene's classic parser; none was measured in Elasticsearch.
"""

import pytest

from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.readers.lucene import read

CMD = r"C:\Windows\System32\cmd.exe"
LINE = r'"cmd.exe" /c echo "Hello World" > C:\Temp\test.bin & type x'
TYPES = {
    "name": "keyword", "path": "keyword", "line": "wildcard", "line.text": "text", "tags": "keyword",
    "pid": "long", "source.ip": "ip", "at": "date", "ok": "boolean", "empty": "keyword", "absent": "keyword",
    "a": "keyword", "b": "keyword", "c": "keyword", "process.parent.name": "keyword", "data": "constant_keyword",
}  # fmt: skip
DOCUMENT = {
    "name": "cmd.exe", "path": CMD, "line": LINE, "pid": 3576, "source.ip": "10.1.2.3", "ok": True,
    "at": "2026-01-24T23:55:39.470Z", "empty": "", "tags": ["red", "green"], "unmapped": "x",
    "process.parent.name": "explorer.exe", "data": "d",
}  # fmt: skip


def matches(text, document=DOCUMENT):
    return read(text, TYPES).matches(document)


def refusal(text):
    with pytest.raises(ReadError) as caught:
        read(text, TYPES)
    return caught.value


# -- Values of each type ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name:cmd.exe", True),
        ("name:CMD.exe", False),
        ("name:cmd", False),
        ('name:"cmd.exe"', True),
        ("name:*md.exe", True),
        ("name:*MD.exe", False),
        ("name:cmd*", True),
        ("name:c?d.exe", True),
        ("name:c?md.exe", False),
        ("name:cmd.exe*", True),
        ("name:cmd.exe?*", False),
        ('name:"cmd*"', False),
        (r"name:cmd\*", False),
        (r"path:*\\System32\\*", True),
        (r"path:C\:\\Windows\\System32\\cmd.exe", True),
        (r'path:"C:\\Windows\\System32\\cmd.exe"', True),
        (r"line:*echo\ \"Hello\ World\"*", True),
        (r"line:*echo\ \"hello\ world\"*", False),
        ("name:(notepad.exe OR cmd.exe)", True),
        ("name:(notepad.exe OR *.dll)", False),
        ("tags:green", True),
        ("tags:(red AND green)", True),
        ("data:d", True),
    ],
)
def test_keyword_and_wildcard_fields_compare_whole_values_with_case(text, expected):
    assert matches(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("line.text:ECHO", True),
        ("line.text:ech", False),
        ("line.text:ECH*", True),
        ("line.text:*cho", True),
        (r"line.text:*\\cmd.exe", False),
        ('line.text:"hello world"', True),
        ('line.text:"world hello"', False),
        (r"line.text:nothing\ world", True),
        (r"line.text:nothing\/here", False),
    ],
)
def test_text_fields_compare_tokens_without_case(text, expected):
    assert matches(text) is expected


def test_an_escaped_letter_in_a_wildcard_keeps_its_case_on_a_text_field():
    assert not matches(r"line.text:\E*o")
    assert matches(r"line.text:\e*o")


def test_a_value_without_a_token_is_no_clause():
    assert matches(r"name:cmd.exe AND line.text:\>")
    assert matches(r'line.text:"&" AND name:cmd.exe')
    assert not matches(r"line.text:\>")
    assert not matches(r"NOT line.text:\>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pid:3576", True),
        ('pid:"3576"', True),
        ("pid:3577", False),
        ("pid:(1 OR 3576)", True),
        (r"source.ip:10.0.0.0\/8", True),
        (r"source.ip:11.0.0.0\/8", False),
        ("source.ip:10.1.2.3", True),
        (r"source.ip:fe80\:\:\/10", False),
        ("ok:true", True),
        ("ok:false", False),
        (r"at:2026\-01\-24T23\:55\:39.470Z", True),
    ],
)
def test_other_types_compare_values(text, expected):
    assert matches(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_exists_:name", True),
        ("_exists_:absent", False),
        ("_exists_:empty", True),
        ("_exists_:unmapped", False),
        ("_exists_:process", True),
        ("NOT _exists_:absent", True),
        ("_exists_:(absent OR name)", True),
        ("name:*", True),
        ("empty:*", True),
        ("empty:?*", False),
        ("absent:*", False),
        ('empty:""', True),
        ('absent:""', False),
        ("line.text:*", True),
        ("*:*", True),
        ("*", True),
    ],
)
def test_existence_counts_an_empty_value(text, expected):
    assert matches(text) is expected


@pytest.mark.parametrize("value", ["x", "*", "x*", "[a TO z]", "/x/", '"x"', ">1", "(x OR y)"])
def test_an_unmapped_field_matches_nothing(value):
    assert not matches(f"unmapped:{value}")
    assert matches(f"NOT unmapped:{value}")


def test_a_value_without_a_field_is_looked_for_in_every_field():
    assert matches("cmd.exe")
    assert matches("HELLO")
    assert matches("3576")
    assert matches("*System32*")
    assert not matches("System32")
    assert matches('"hello world"')


# -- Connectives --------------------------------------------------------------------------------------

ONE = [{"a": "x"}, {"b": "x"}, {"c": "x"}]
PAIRS = [{"a": "x", "b": "x"}, {"a": "x", "c": "x"}, {"b": "x", "c": "x"}]
ALL = [{}, *ONE, *PAIRS, {"a": "x", "b": "x", "c": "x"}]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a:x AND b:x", lambda a, b, c: a and b),
        ("a:x && b:x", lambda a, b, c: a and b),
        ("a:x OR b:x", lambda a, b, c: a or b),
        ("a:x || b:x", lambda a, b, c: a or b),
        ("a:x b:x", lambda a, b, c: a or b),
        ("NOT a:x", lambda a, b, c: not a),
        ("!a:x", lambda a, b, c: not a),
        ("-a:x", lambda a, b, c: not a),
        ("NOT a:x NOT b:x", lambda a, b, c: not a and not b),
        ("a:x AND NOT b:x", lambda a, b, c: a and not b),
        ("a:x -b:x", lambda a, b, c: a and not b),
        ("+a:x b:x", lambda a, b, c: a),
        ("+a:x +b:x -c:x", lambda a, b, c: a and b and not c),
        ("a:x OR b:x AND c:x", lambda a, b, c: b and c),
        ("a:x AND b:x OR c:x", lambda a, b, c: a and b),
        ("a:x OR (b:x AND c:x)", lambda a, b, c: a or (b and c)),
        ("(a:x OR b:x) AND c:x", lambda a, b, c: (a or b) and c),
        ("a:x OR NOT b:x", lambda a, b, c: a and not b),
        ("a:x OR (NOT b:x)", lambda a, b, c: a or not b),
        ("a:x AND (NOT b:x)", lambda a, b, c: a and not b),
        ("NOT (a:x AND (NOT b:x))", lambda a, b, c: not a or b),
        ("NOT a:x AND b:x", lambda a, b, c: not a and b),
        ("NOT a:x OR b:x", lambda a, b, c: not a and b),
        ("a:x AND +b:x", lambda a, b, c: a and b),
        ("a:(y OR x)", lambda a, b, c: a),
        ("a:(x AND NOT y)", lambda a, b, c: a),
        ("a:(y OR b:x)", lambda a, b, c: b),
        ("(a:x) ^2 OR b:x^1.5", lambda a, b, c: a or b),
    ],
)
def test_connectives_are_those_of_the_classic_parser(text, meaning):
    query = read(text, TYPES)
    for document in ALL:
        assert query.matches(document) is bool(meaning(*(name in document for name in "abc")))


def test_keywords_are_upper_case_and_stand_alone():
    assert matches("name:and OR name:cmd.exe")
    assert read("a:NOTx", TYPES).matches({"a": "NOTx"})
    assert read("a:x-y", TYPES).matches({"a": "x-y"})
    assert read("a:(&&x)", TYPES).matches({"a": "&&x"})
    assert read("a:AND*", TYPES).matches({"a": "ANDROID"})


def test_an_operator_before_a_blank_is_a_word():
    assert read("a:(- x)", TYPES).matches({"a": "-"})
    assert read("a:(! x)", TYPES).matches({"a": "x"})


def test_neighbouring_words_are_one_value_of_a_keyword():
    query = read("a:(net  user)", TYPES)
    assert query.matches({"a": "net user"})
    assert not query.matches({"a": "net"})


def test_neighbouring_words_are_alternative_tokens_of_a_text_field():
    assert matches("line.text:(nothing world)")
    assert not matches("line.text:(nothing more)")


def test_a_word_beside_a_connective_or_with_a_boost_stays_by_itself():
    assert read("a:(x y AND z*)", TYPES).matches({"a": ["y", "zz"]})
    assert read("a:(x y^2)", TYPES).matches({"a": "y"})
    assert read("a:(x OR y z)", TYPES).matches({"a": "y"})
    assert read("a:(x y b:z)", TYPES).matches({"a": "x y"})
    assert not read("a:(x y z*)", TYPES).matches({"a": "y"})


def test_a_field_holds_for_one_value_only():
    assert read("a:x y", TYPES).matches({"b": "y"})
    assert not read("a:(x OR y)", TYPES).matches({"b": "y"})


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_query_finds_nothing(text):
    assert not matches(text)


# -- Escapes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"a:x\ y", "x y"),
        (r"a:\+\-\=\&\|\!\(\)\{\}\[\]\^\"\~\*\?\:\\\/", '+-=&|!(){}[]^"~*?:\\/'),
        (r"a:\u0041b", "Ab"),
        (r'a:"q\"\\\u0041"', 'q"\\A'),
        (r"a:\AND", "AND"),
        (r"a:\**", "*x"),
        (r"a:x\**", "x*y"),
        (r"a:*\?", "x?"),
    ],
)
def test_a_backslash_takes_the_next_character_as_itself(text, value):
    assert read(text, TYPES).matches({"a": value})


# -- Ranges -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pid:[3576 TO 4000]", True),
        ("pid:{3576 TO 4000]", False),
        ("pid:[3000 TO 3576}", False),
        ("pid:{3575 TO 3577}", True),
        ("pid:[* TO 3576]", True),
        ("pid:[4000 TO *]", False),
        ("absent:[* TO *]", False),
        ("pid:>3575", True),
        ("pid:>3576", False),
        ("pid:>=3576", True),
        ("pid:<3577", True),
        ("pid:<=3575", False),
        (r"pid:\>3575", True),
        ("pid:(>3000 AND <4000)", True),
        ("pid:(+>=3000 +<3500)", False),
        ("source.ip:[10.0.0.0 TO 10.255.255.255]", True),
        ('source.ip:{"10.1.2.3" TO *}', False),
        ("name:[a TO d]", True),
        ("name:[D TO Z]", False),
        ('at:["2026-01-24T23:55:39.470Z" TO "2026-01-25T00:00:00.000Z"}', True),
        ('at:{"2026-01-25T00:55:39.470+01:00" TO *}', False),
    ],
)
def test_ranges(text, expected):
    assert matches(text) is expected


def test_a_quoted_comparison_is_text():
    assert read('a:">x"', TYPES).matches({"a": ">x"})


# -- Regular expressions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("cmd", "cmd.exe", False),
        ("cmd.*", "cmd.exe", True),
        ("CMD.*", "cmd.exe", False),
        (".*", "a\nb", True),
        ("^cmd$", "cmd", False),
        ("^cmd$", "^cmd$", True),
        ("(?i)cmd", "cmd", False),
        ("(?i)cmd", "?icmd", True),
        ("(?:a|b)", "?:a", True),
        ("(?:a|b)", "b", True),
        ("a+?", "", True),
        ("a*?b", "aab", True),
        ("a{2,3}", "aaa", True),
        ("a{2}", "aaa", False),
        ("a{2,}", "aaaa", True),
        ("(ab)+c", "ababc", True),
        ("a()b", "ab", True),
        ("a||b", "|b", True),
        ('"a.b"+', "a.ba.b", True),
        ("x@y", "x--y", True),
        ("x#|y", "x", False),
        (r"\d+\D\w\W\s\S", "12-_- x", True),
        (r"\d", "\u0663", False),
        (r"\s", "\u00a0", False),
        (r"[a-c\d]+", "a1c", True),
        (r"[^\s\"]+", 'a"', False),
        (r"[^a\D]", "5", True),
        (r"[\W]", "a", False),
        ("[]a]+", "]a", True),
        (r"[.\-&|~]+", "-.&|~", True),
        (r"C:\\\\Windows\/x", r"C:\\Windows/x", True),
        (r"\.\$\{\"", '.${"', True),
    ],
)
def test_a_regular_expression_covers_the_whole_value(pattern, value, expected):
    assert read(f"a:/{pattern}/", TYPES).matches({"a": value}) is expected


def test_a_regular_expression_on_a_text_field_covers_a_token():
    assert matches("line.text:/ech./")
    assert not matches("line.text:/ECH./")


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        (r"a\b", 4),
        (r"\n\n", 3),
        (r"[\n]", 3),
        ("a~b", 4),
        ("a<1-3>", 4),
        ("a&b", 4),
        ('a"b', 4),
        ("a)", 4),
        ("(a", 5),
        ("a|", 5),
        ("", 3),
        ("a{x}", 4),
        ("a{,3}", 4),
        ("a{3,2}", 3),
        ("[a", 3),
        ("[a-]", 3),
        ("[z-a]", 3),
    ],
)
def test_a_regular_expression_that_lucene_or_the_reader_refuses(pattern, offset):
    assert refusal(f"a:/{pattern}/").offset == offset


def test_a_long_regular_expression_is_refused():
    assert read(f"a:/{'x' * 1000}/", TYPES).matches({"a": "x" * 1000})
    refusal(f"a:/{'x' * 1001}/")


# -- Refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("a:x AND", 7),
        ("AND a:x", 0),
        ("a:x OR OR b:y", 7),
        ("(a:x", 4),
        ("a:x)", 3),
        ("a:()", 3),
        ("a:", 2),
        ("a:AND", 2),
        ('a:"x', 2),
        ("a:x\\", 2),
        ("a:x/y", 3),
        ("a:C:*", 3),
        ("a:[1 TO", 7),
        ("a:[1 2]", 5),
        ("a:x]", 3),
        ("a:x^ 2", 3),
        (r"b:y a:C\users", 6),
        (r"a:*\users*", 2),
        (r"a:\ud83d", 2),
        ("a:x~", 2),
        ('a:"x y"~2', 2),
        ("*:x", 2),
        (r"book.\*:x", 8),
        (r"_exists_:a\*", 9),
        ("pid:abc", 4),
        ("pid:3*", 4),
        ("pid:/3/", 4),
        ("pid:[a TO 5]", 4),
        ("ok:maybe", 3),
        ("ok:[false TO true]", 3),
        ("source.ip:10.1", 10),
        ("source.ip:10.*", 10),
        ("line.text:[a TO b]", 10),
        (r"line.text:hello\ wor*", 10),
        (r"at:2026\-01\-24", 3),
        ("at:>now", 3),
        ("a:\ue000", 2),
    ],
)
def test_what_is_no_query_or_not_modelled_raises_with_its_offset(text, offset):
    assert refusal(text).offset == offset


def test_deep_brackets_are_refused_not_crashed_on():
    assert read("(" * 100 + "a:x" + ")" * 100, TYPES).matches({"a": "x"})
    refusal("(" * 5000 + "a:x" + ")" * 5000)


def test_a_long_list_is_read():
    query = read("a:(" + " OR ".join(f"x{number}" for number in range(5000)) + ")", TYPES)
    assert query.matches({"a": "x4999"})


def test_an_unknown_field_type_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="geo_point"):
        read("a:x", {"a": "geo_point"})


# -- As pySigma writes it ---------------------------------------------------------------------------------


def test_a_query_in_the_form_of_pysigmas_backend():
    text = (
        r"(name:*cmd.exe AND (line:(*\ \/c\ * OR *\ \/k\ *))) AND "
        r'(NOT (path:*\:\\Windows\\Temp\\* OR (NOT _exists_:path) OR path:"" OR name:(\- OR "")))'
    )
    assert matches(text)
    assert not matches(text, {**DOCUMENT, "path": r"C:\Windows\Temp\cmd.exe"})
    assert not matches(text, {**DOCUMENT, "path": None})
    assert not matches(text, {**DOCUMENT, "line": "cmd.exe"})
