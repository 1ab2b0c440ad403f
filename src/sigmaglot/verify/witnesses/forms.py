r"""How a sensor writes a field of an event, so that witnesses are events that can happen.

A claim is about events of the rule's log source: a query that looks for ``FileName`` alone says
what ``Image|endswith: '\cmd.exe'`` says only because Sysmon writes whole paths. Sources: Sysmon's
event manifest and the recorded events of public collections.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

HASH_LENGTHS = {"SHA1": 40, "MD5": 32, "SHA256": 64, "IMPHASH": 32}
"""Sysmon's algorithms in the order that it writes them, and their hexadecimal digits."""

_FOLDER = "C:\\Example"
_FILE = "example.exe"
_DOMAIN = "EXAMPLE"
_NAME = r'[^\\/:*?"<>|\x00-\x1f]+'
_PATH = re.compile(rf"(?:[A-Za-z]:|\\\\{_NAME}\\{_NAME}|\\Device\\{_NAME})(?:\\{_NAME})+")
_ABSOLUTE = re.compile(r"[A-Za-z]:\\|\\\\|\\Device\\", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """How one field is written.

    Attributes:
        usual: A value that rules seldom ask for.
        accepts: Whether a sensor could have written a value.
        complete: A text that a rule asks for, whether more may stand before and after it, to a
            whole value; the text itself where nothing needs to be added.
        elsewhere: A text to whole values that hold it at other places, by what the place is.
        others: Other values, where there are only a few.
        is_path: Whether parts of values are joined at a backslash.
        is_fixed: Whether every event of the log source has this one value.
    """

    usual: str
    accepts: Callable[[str], bool]
    complete: Callable[[str, bool, bool], str] = lambda text, _, __: text
    elsewhere: Callable[[str], tuple[tuple[str, str], ...]] = lambda _: ()
    others: tuple[str, ...] = ()
    is_path: bool = False
    is_fixed: bool = False


def _complete_path(text: str, open_start: bool, open_end: bool) -> str:
    if open_start and not _ABSOLUTE.match(text):
        if text.startswith(":"):
            text = f"C{text}"
        else:
            text = _FOLDER + ("" if text.startswith("\\") else "\\") + text
    if open_end and text.startswith("\\\\") and not re.fullmatch(_PATH, text):
        host = text if text.strip("\\") else "\\\\host"
        text = host.removesuffix("\\") + "\\share\\"
    return text + _FILE if open_end and text.endswith("\\") else text


def _in_path(text: str) -> tuple[tuple[str, str], ...]:
    inner = text.strip("\\")
    return (
        ("it as a folder", f"C:\\{inner}\\{_FILE}"),
        ("it within the name of a folder", f"C:\\x{inner}x\\{_FILE}"),
        ("it within the name of the file", f"{_FOLDER}\\x{inner}x"),
        ("it as the name of the file", f"{_FOLDER}\\{inner}"),
    )


def _in_user(text: str) -> tuple[tuple[str, str], ...]:
    inner = text.strip("\\")
    return (
        ("it as the domain", f"{inner}\\user"),
        ("it within the domain", f"x{inner}x\\user"),
        ("it as the name", f"{_DOMAIN}\\{inner}"),
        ("it within the name", f"{_DOMAIN}\\x{inner}x"),
    )


def _in_text(text: str) -> tuple[tuple[str, str], ...]:
    return (
        ("it between words", f"q {text} q"),
        ("it within a word", f"x{text}x"),
        ("it between lines", f"q\n{text}\nq"),
        ("it twice", f"{text} {text}"),
    )


def _complete_free(text: str, _: bool, open_end: bool) -> str:
    return f"{text}q" if open_end and text.endswith(("\n", "\r")) else text


def _complete_user(text: str, open_start: bool, open_end: bool) -> str:
    if open_start and text.startswith("\\"):
        text = _DOMAIN + text
    if open_end and text.endswith("\\"):
        return f"{text}user"
    return f"{_DOMAIN}\\{text}" if open_start and "\\" not in text else text


def _complete_hashes(text: str, _: bool, __: bool) -> str:
    """Return all of Sysmon's hashes, with those that the text names or is a part of."""
    found = {name: "A1" * (length // 2) for name, length in HASH_LENGTHS.items()}
    for item in filter(None, text.replace(" ", ",").split(",")):
        name, is_named, digits = item.upper().partition("=")
        if not is_named:
            name, digits = _algorithm_of(name), name
        if name in HASH_LENGTHS:
            found[name] = digits.ljust(HASH_LENGTHS[name], "0")
    return ",".join(f"{name}={digits}" for name, digits in found.items())


def _algorithm_of(digits: str) -> str:
    return next((name for name, length in HASH_LENGTHS.items() if len(digits) == length), "MD5")


def are_hashes(text: str) -> bool:
    """Return whether a text is what Sysmon writes into ``Hashes``."""
    pairs = [item.partition("=") for item in text.split(",")]
    return all(
        len(digits) == HASH_LENGTHS.get(name) and re.fullmatch("[0-9A-F]+", digits)
        for name, _, digits in pairs
    )


def _matching(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.DOTALL) is not None


def _is_free(text: str) -> bool:
    """Return whether a text may stand in a field without a form: no end of line at its end."""
    return "\0" not in text and not text.endswith(("\n", "\r"))


def matching(pattern: str, usual: str) -> Form:
    """Return the form of a field whose values match an expression."""
    return Form(usual, _matching(pattern))


def fixed(value: str) -> Form:
    """Return the form of a field that has one value in every event."""
    return Form(value, lambda text: text == value, is_fixed=True)


def one_of(*values: str) -> Form:
    """Return the form of a field with a few values; the first is the usual one."""

    def complete(text: str, _: bool, __: bool) -> str:
        same = (value for value in values if value.lower() == text.lower())
        holding = (value for value in values if text.lower() in value.lower())
        return next(same, None) or next(holding, text)

    return Form(
        values[0],
        lambda text: text in values,
        complete,
        others=values[1:],
        is_fixed=len(values) == 1,
    )


def free(usual: str) -> Form:
    """Return the form of a field of any text."""
    return Form(usual, _is_free, _complete_free, _in_text)


def path(usual: str, also: str = "") -> Form:
    """Return the form of a whole path; ``also`` matches what may stand in its place."""
    pattern = f"{also}|{_PATH.pattern}" if also else _PATH.pattern
    return Form(usual, _matching(pattern), _complete_path, _in_path, is_path=True)


def folder(usual: str) -> Form:
    """Return the form of a folder, which ends in a backslash or not."""
    pattern = rf"{_PATH.pattern}\\?"
    return Form(usual, _matching(pattern), _complete_path, _in_path, is_path=True)


def user(usual: str = f"{_DOMAIN}\\user") -> Form:
    r"""Return the form of an account, ``DOMAIN\name``, or ``-`` where there is none."""
    return Form(usual, _matching(r"-|[^\\\n]+\\[^\\\n]+"), _complete_user, _in_user)


def whole_number(usual: str) -> Form:
    """Return the form of a number without a sign."""
    return matching("0|[1-9][0-9]{0,8}", usual)


def guid(usual: str) -> Form:
    """Return the form of Sysmon's identifiers."""
    return matching("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", usual)


def moment(usual: str = "2026-01-15 10:20:30.456") -> Form:
    """Return the form of Sysmon's timestamps."""
    return Form(
        usual,
        _matching(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"),
        lambda text, start, _: text if start else text + usual[len(text) :],
    )


def access_mask() -> Form:
    """Return the form of ``GrantedAccess``: hexadecimal digits, in small or capital letters."""
    return Form(
        "0x2",
        _matching("0x(0|[1-9a-fA-F][0-9a-fA-F]{0,7})"),
        lambda text, start, _: f"0x1{text}" if start and not text.startswith("0x") else text,
    )


def file() -> Form:
    """Return the form of a file's path, with or without a stream of the file."""

    def complete(text: str, open_start: bool, open_end: bool) -> str:
        if open_start and text.startswith((":", ".")) and not text.startswith(":\\"):
            return f"{_FOLDER}\\example{text}"
        return _complete_path(text, open_start, open_end)

    pattern = rf"{_PATH.pattern}(:{_NAME})?"
    usual = f"{_FOLDER}\\data\\example.txt"
    return Form(usual, _matching(pattern), complete, _in_path, is_path=True)


def hashes() -> Form:
    """Return the form of Sysmon's ``Hashes``."""
    return Form(_complete_hashes("", True, True), are_hashes, _complete_hashes)


_KEY = re.compile(r"(HKLM|HKU|HKCR)(\\[^\\\x00-\x1f]+)+")


def _complete_key(text: str, open_start: bool, open_end: bool) -> str:
    if open_start and not text.upper().startswith(("HKLM", "HKU", "HKCR")):
        text = "HKLM\\SOFTWARE" + ("" if text.startswith("\\") else "\\") + text
    return f"{text}Example" if open_end and text.endswith("\\") else text


def _in_key(text: str) -> tuple[tuple[str, str], ...]:
    inner = text.strip("\\")
    return (
        ("it as a key", f"HKLM\\SOFTWARE\\{inner}\\Example"),
        ("it as the name of the value", f"HKLM\\SOFTWARE\\Example\\{inner}"),
        ("it within the name of a key", f"HKLM\\SOFTWARE\\x{inner}x\\Example"),
        ("it within the name of the value", f"HKLM\\SOFTWARE\\Example\\x{inner}x"),
        ("it below a user's hive", f"HKU\\S-1-5-21-1-2-3-1001\\{inner}\\Example"),
    )


def registry_path() -> Form:
    r"""Return the form of ``TargetObject``: ``HKLM\...``, ``HKU\...`` or ``HKCR\...``."""
    usual = "HKLM\\SOFTWARE\\Example\\Setting"
    return Form(usual, _matching(_KEY.pattern), _complete_key, _in_key, is_path=True)


_NUMBERS = re.compile(r"DWORD \(0x[0-9a-f]{8}\)|QWORD \(0x[0-9a-f]{8}-0x[0-9a-f]{8}\)")


def _is_data(text: str) -> bool:
    looks_numeric = text.lower().startswith(("dword", "qword"))
    return bool(text) and _is_free(text) and (bool(_NUMBERS.fullmatch(text)) or not looks_numeric)


def _complete_data(text: str, _: bool, open_end: bool) -> str:
    if open_end and "DWORD (0x00000001)".startswith(text):
        return "DWORD (0x00000001)"
    if open_end and "QWORD (0x00000000-0x00000001)".startswith(text):
        return "QWORD (0x00000000-0x00000001)"
    return _complete_free(text, _, open_end)


def _in_data(text: str) -> tuple[tuple[str, str], ...]:
    if text.isdecimal() and int(text) < 2**32:
        return (("the same number as a DWORD", f"DWORD (0x{int(text):08x})"), *_in_text(text))
    numbers = re.fullmatch(r"DWORD \(0x([0-9a-f]{8})\)", text)
    if numbers:
        return (("the same number as a text", str(int(numbers[1], 16))),)
    return _in_text(text)


def registry_data() -> Form:
    """Return the form of ``Details``: a number as Sysmon writes it, ``Binary Data``, or a text."""
    return Form("example", _is_data, _complete_data, _in_data)


def pipe() -> Form:
    r"""Return the form of ``PipeName``: a backslash and a name."""
    return Form(
        "\\example",
        _matching(r"\\[^\x00-\x1f]+"),
        lambda text, start, _: text if text.startswith("\\") or not start else f"\\{text}",
    )


def address(usual: str) -> Form:
    """Return the form of an IP address, as Sysmon writes it."""
    return Form(usual, _is_address)


def _is_address(text: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    if found.version == 4:
        return text == str(found)
    groups = ":".join(f"{int(group, 16):x}" for group in found.exploded.split(":"))
    return text in {str(found), groups}


FREE = free("example")
"""A field of any text."""

ABSENT = Form("", lambda _: False)
"""A field that no event of the log source has."""
