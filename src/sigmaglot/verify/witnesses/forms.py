r"""How a sensor writes each field of an event, so that witnesses are events that can happen.

A claim is about events of the rule's log source: a query that looks for ``FileName`` alone says
what ``Image|endswith: '\cmd.exe'`` says only because Sysmon writes whole paths. Sources: Sysmon's
event manifest and the recorded events of public collections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        is_path: Whether parts of values are joined at a backslash.
        is_fixed: Whether every event of the log source has this one value.
    """

    usual: str
    accepts: Callable[[str], bool]
    complete: Callable[[str, bool, bool], str] = lambda text, _, __: text
    elsewhere: Callable[[str], tuple[tuple[str, str], ...]] = lambda _: ()
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


def _fixed(value: str) -> Form:
    return Form(value, lambda text: text == value, is_fixed=True)


def _free(usual: str) -> Form:
    return Form(usual, _is_free, _complete_free, _in_text)


FREE = _free("example")
"""A field of any text."""
_IMAGE = Form(
    f"{_FOLDER}\\{_FILE}", _matching(_PATH.pattern), _complete_path, _in_path, is_path=True
)
_USER = Form("EXAMPLE\\user", _matching(r"-|[^\\\n]+\\[^\\\n]+"), _complete_user, _in_user)
_GUID = "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"
_LEVELS = "Low|Medium|High|System|AppContainer"


def _whole_number(usual: str) -> Form:
    return Form(usual, _matching("0|[1-9][0-9]{0,8}"))


PROCESS_CREATION: Mapping[str, Form] = {
    "Channel": _fixed("Microsoft-Windows-Sysmon/Operational"),
    "EventID": _fixed("1"),
    "Provider_Name": _fixed("Microsoft-Windows-Sysmon"),
    "Computer": _free("example-pc"),
    "RuleName": _free("-"),
    "UtcTime": Form("2026-01-15 10:20:30.456", _matching(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")),
    "ProcessGuid": Form("0A1B2C3D-0001-6900-0100-000000000100", _matching(_GUID)),
    "ProcessId": _whole_number("4660"),
    "Image": _IMAGE,
    "FileVersion": _free("1.2.3.4"),
    "Description": _free("Example Application"),
    "Product": _free("Example Product"),
    "Company": _free("Example Ltd"),
    "OriginalFileName": _free(_FILE),
    "CommandLine": _free("example --run"),
    "CurrentDirectory": Form(
        f"{_FOLDER}\\", _matching(rf"{_PATH.pattern}\\?"), _complete_path, _in_path, is_path=True
    ),
    "User": _USER,
    "LogonGuid": Form("0A1B2C3D-0002-6900-0200-000000000200", _matching(_GUID)),
    "LogonId": Form("0x5f3a9", _matching("0x(0|[1-9a-f][0-9a-f]{0,15})")),
    "TerminalSessionId": _whole_number("9"),
    "IntegrityLevel": Form("AppContainer", _matching(_LEVELS)),
    "Hashes": Form(_complete_hashes("", True, True), are_hashes, _complete_hashes),
    "ParentProcessGuid": Form("0A1B2C3D-0003-6900-0300-000000000300", _matching(_GUID)),
    "ParentProcessId": _whole_number("4096"),
    "ParentImage": Form(
        f"{_FOLDER}\\starter.exe",
        _matching(rf"-|{_PATH.pattern}"),
        _complete_path,
        _in_path,
        is_path=True,
    ),
    "ParentCommandLine": _free("starter --all"),
    "ParentUser": _USER,
}
"""Fields of Sysmon's event 1."""

ABSENT = Form("", lambda _: False)
"""A field that no event of the log source has."""

_NOT_RECORDED = frozenset(
    {
        "GrandParentImage",
        "md5",
        "sha1",
        "sha256",
        "imphash",
        "MD5",
        "SHA1",
        "SHA256",
        "Imphash",
        "NewProcessName",
        "NewProcessId",
        "ParentProcessName",
        "SubjectUserName",
        "SubjectDomainName",
        "SubjectUserSid",
        "SubjectLogonId",
        "MandatoryLabel",
        "TokenElevationType",
    }
)
"""Names of the taxonomy that Sysmon does not write: other sensors' fields, and parts of others."""

FORMS: Mapping[str, Mapping[str, Form]] = {"process_creation": PROCESS_CREATION}
"""The fields of each category of log sources."""


def form_of(category: str, field: str) -> Form:
    """Return how events of a category write a field; an unknown field is free text."""
    return FORMS[category].get(field, ABSENT if field in _NOT_RECORDED else FREE)


def usual_event(category: str) -> dict[str, str]:
    """Return an event of a category that rules seldom ask for."""
    return {field: form.usual for field, form in FORMS[category].items()}
