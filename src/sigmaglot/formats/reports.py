"""Reports of rule tests: for people, and as JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from xml.etree import ElementTree as ET

from sigmaglot.ruletests import Outcome, Report

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def text_report(reports: Sequence[Report]) -> str:
    """Return a line for each rule, and below it what came out wrong."""
    lines = []
    for report in reports:
        lines.append(f"{report.outcome:7} {report.info.path} ({report.events} events)")
        lines += [
            f"    {line}" for problem in report.diagnostics for line in str(problem).splitlines()
        ]
    return "".join(f"{line}\n" for line in lines)


def junit_report(reports: Sequence[Report]) -> str:
    """Return JUnit XML with a test case for each rule."""
    counts = {
        "tests": str(len(reports)),
        "failures": str(sum(report.outcome is Outcome.FAILED for report in reports)),
        "errors": str(sum(report.outcome is Outcome.MISSING for report in reports)),
    }
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "sigmaglot", **counts})
    for report in reports:
        _add_case(suite, report)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _add_case(suite: ET.Element, report: Report) -> None:
    path = PurePath(report.info.path)
    names = {"classname": path.parent.as_posix(), "name": path.stem, "file": path.as_posix()}
    case = ET.SubElement(suite, "testcase", {key: clean_xml(text) for key, text in names.items()})
    if not report.diagnostics:
        return
    kind = "failure" if report.outcome is Outcome.FAILED else "error"
    problem = ET.SubElement(case, kind, {"message": clean_xml(report.diagnostics[0].message)})
    problem.text = clean_xml("\n".join(str(diagnostic) for diagnostic in report.diagnostics))


def clean_xml(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("�", text)


REPORTS: Mapping[str, Callable[[Sequence[Report]], str]] = {
    "text": text_report,
    "junit": junit_report,
}
"""Reports by the name that ``sigmaglot test -f`` takes."""
