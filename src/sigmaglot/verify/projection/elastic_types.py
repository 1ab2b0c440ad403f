"""Elastic: the types of fields.

Sources: the ECS field reference, and the field lists of Winlogbeat and of its Sysmon and PowerShell
modules. Unconfirmed: that ``script_block_text`` has the standard tokenizer here; Winlogbeat's
template cuts it with a pattern that keeps ``-`` inside words.
"""

from __future__ import annotations

from typing import Any

_DATA = ("winlog.event_data.", "winlog.user_data.")


class ElasticTypes(dict[str, str]):
    """Field types; any name below the event's own data is a keyword, by Winlogbeat's template."""

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or _is_event_data(name)

    def __missing__(self, name: str) -> str:
        if _is_event_data(name):
            return "keyword"
        raise KeyError(name)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the type of a field, or the default."""
        return "keyword" if _is_event_data(key) else dict.get(self, key, default)


def _is_event_data(name: object) -> bool:
    return isinstance(name, str) and name.startswith(_DATA)


_TEXT = [
    "user.name",
    "process.executable",
    "process.name",
    "process.title",
    "process.working_directory",
    "process.command_line",
    "process.parent.executable",
    "process.parent.name",
    "process.parent.command_line",
    "file.path",
]
"""Fields with a sub-field of their words."""
_KEYWORD = [
    "winlog.channel",
    "winlog.provider_name",
    "winlog.computer_name",
    "event.code",
    "event.outcome",
    "log.level",
    "rule.name",
    "error.code",
    "user.domain",
    "user.name",
    "process.executable",
    "process.name",
    "process.title",
    "process.working_directory",
    "process.entity_id",
    "process.parent.executable",
    "process.parent.name",
    "process.parent.entity_id",
    "process.hash.md5",
    "process.hash.sha1",
    "process.hash.sha256",
    "process.pe.imphash",
    "process.pe.original_file_name",
    "process.pe.company",
    "process.pe.description",
    "process.pe.file_version",
    "process.pe.product",
    "file.path",
    "file.name",
    "file.directory",
    "file.extension",
    "file.hash.md5",
    "file.hash.sha1",
    "file.hash.sha256",
    "file.pe.imphash",
    "file.pe.original_file_name",
    "file.pe.company",
    "file.pe.description",
    "file.pe.file_version",
    "file.pe.product",
    "file.code_signature.subject_name",
    "file.code_signature.status",
    "registry.path",
    "registry.hive",
    "registry.key",
    "registry.value",
    "registry.data.type",
    "source.domain",
    "destination.domain",
    "network.direction",
    "network.transport",
    "network.protocol",
    "network.type",
    "dns.question.name",
    "sysmon.dns.status",
    "powershell.file.script_block_id",
    "powershell.id",
    "powershell.pipeline_id",
    "powershell.runspace_id",
    "powershell.process.executable_version",
    "powershell.engine.version",
    "powershell.engine.new_state",
    "powershell.engine.previous_state",
    "powershell.provider.name",
    "powershell.provider.new_state",
    "powershell.command.name",
    "powershell.command.type",
    "powershell.command.path",
    "powershell.command.invocation_details.type",
    "powershell.command.invocation_details.name",
    "powershell.command.invocation_details.related_command",
]
_WORDS = [
    "message",
    "powershell.file.script_block_text",
    "powershell.command.value",
    "powershell.command.invocation_details.value",
]
"""Fields that are kept as their words alone."""
_LONG = [
    "process.pid",
    "process.thread.id",
    "process.parent.pid",
    "source.port",
    "destination.port",
    "winlog.process.pid",
    "event.sequence",
    "powershell.sequence",
    "powershell.total",
]
_WILDCARD = ["process.command_line", "process.parent.command_line", "registry.data.strings"]

ELASTIC_TYPES = ElasticTypes(
    {
        **dict.fromkeys(_KEYWORD, "keyword"),
        **{f"{field}.text": "text" for field in _TEXT},
        **dict.fromkeys(_WORDS, "text"),
        **dict.fromkeys(_LONG, "long"),
        **dict.fromkeys(_WILDCARD, "wildcard"),
        **dict.fromkeys(["source.ip", "destination.ip"], "ip"),
        **dict.fromkeys(["sysmon.file.is_executable", "sysmon.file.archived"], "boolean"),
        "@timestamp": "date",
    }
)
"""Type of each field."""
