"""Which events are of which log source."""

import re

import pytest
from cli_helpers import CORPUS, SYSMON

from sigmaglot.evaluate import Event
from sigmaglot.logsource import CATEGORIES, SERVICES, logsource_test
from sigmaglot.rule import LogSource

TAXONOMY = CORPUS.parent / "sigma-spec" / "sigma-appendix-taxonomy.md"


def is_met(source, **event):
    return logsource_test(source)(Event(event))


@pytest.mark.parametrize(
    ("channel", "number", "met"),
    [
        (SYSMON, 1, True),
        (SYSMON.upper(), "1", True),
        ("Security", 4688, True),
        (SYSMON, 4688, False),
        ("Security", 1, False),
        ("System", 1, False),
    ],
)
def test_process_creation_is_sysmon_1_or_security_4688(channel, number, met):
    source = LogSource("process_creation", "windows")
    assert is_met(source, Channel=channel, EventID=number) is met


def test_a_category_without_product_is_met_by_windows_events():
    assert is_met(LogSource("process_creation"), Channel=SYSMON, EventID=1)


def test_a_category_and_a_service_must_both_be_met():
    source = LogSource("process_creation", "windows", "sysmon")
    assert is_met(source, Channel=SYSMON, EventID=1)
    assert not is_met(source, Channel="Security", EventID=4688)


def test_a_service_is_its_channel_whatever_the_event():
    source = LogSource("", "windows", "powershell")
    assert is_met(source, Channel="PowerShellCore/Operational", EventID=4104)
    assert not is_met(source, Channel="Windows PowerShell", EventID=400)


def test_windows_alone_is_any_windows_event():
    assert is_met(LogSource("", "windows"), Channel="Application")
    assert not is_met(LogSource("", "windows"), message="x")


def test_an_event_without_a_channel_is_of_no_log_source():
    assert not is_met(LogSource("process_creation", "windows"), EventID=1)


def test_kernel_file_events_are_told_by_their_provider():
    source = LogSource("file_access", "windows")
    assert is_met(source, Provider_Name="Microsoft-Windows-Kernel-File", EventID=12)


@pytest.mark.parametrize(
    "source",
    [
        LogSource("process_creation", "linux"),
        LogSource("proxy"),
        LogSource("", "windows", "no-such-service"),
        LogSource("process_creation", "windows", "no-such-service"),
        LogSource("", "", "apache"),
    ],
)
def test_other_log_sources_cannot_be_told(source):
    assert logsource_test(source) is None


@pytest.mark.corpus
@pytest.mark.skipif(not TAXONOMY.is_file(), reason="the specification is not beside us")
class TestTaxonomy:
    def rows(self, kind):
        pattern = rf"^\| windows \| product: windows<br>{kind}: (\S+)\s*\|(.*)\|$"
        return re.findall(pattern, TAXONOMY.read_text(encoding="utf-8"), re.MULTILINE)

    def test_every_category_has_the_event_ids_of_the_taxonomy(self):
        rows = self.rows("category")
        assert {name for name, _ in rows} == set(CATEGORIES)
        for name, text in rows:
            ids = {int(number) for number in re.findall(r"\b\d+\b", text)}
            ours = {number for scope in CATEGORIES[name] for number in scope.event_ids}
            assert ours - {4688} == ids, name

    def test_every_service_has_the_channels_of_the_taxonomy(self):
        rows = self.rows("service")
        assert len(rows) > 40
        for name, text in rows:
            channels = text.replace("WinEventLog:", "").split("Channel:")[1]
            listed = {part.strip(" -") for part in channels.split("<br>")} - {""}
            assert listed <= set(SERVICES[name]), name
