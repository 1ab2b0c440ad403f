"""What is known of a rule besides its condition: plain values, safe to pickle and to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LogSource:
    """The log source of a rule; empty strings stand for what the rule leaves out."""

    category: str = ""
    product: str = ""
    service: str = ""

    def covers(self, other: LogSource) -> bool:
        """Return whether the other log source has all that this one names."""
        pairs = ((getattr(self, key), getattr(other, key)) for key in LogSource.__slots__)
        return all(not mine or mine == theirs for mine, theirs in pairs)

    def __str__(self) -> str:
        named = {"category": self.category, "product": self.product, "service": self.service}
        return ", ".join(f"{key} {value}" for key, value in named.items() if value) or "none"


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """Metadata of one rule, as its document gives it."""

    path: str
    id: str = ""
    title: str = ""
    description: str = ""
    level: str = ""
    status: str = ""
    author: str = ""
    date: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    logsource: LogSource = LogSource()
    name: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """Return the ATT&CK technique ids among the tags, upper-case, such as ``T1059.003``."""
        names = (tag.removeprefix("attack.") for tag in self.tags if tag.startswith("attack.t"))
        return tuple(name.upper() for name in names if name[1:2].isdigit())

    @classmethod
    def from_document(cls, path: str, data: dict[str, Any]) -> RuleInfo:
        """Return the metadata of a document; what is missing or of another type is left empty."""
        source = data.get("logsource")
        source = source if isinstance(source, dict) else {}
        return cls(
            path=path,
            id=_text(data.get("id")),
            title=_text(data.get("title")),
            description=_text(data.get("description")),
            level=_text(data.get("level")),
            status=_text(data.get("status")),
            author=_text(data.get("author")),
            date=_text(data.get("date")),
            tags=_texts(data.get("tags")),
            references=_texts(data.get("references")),
            falsepositives=_texts(data.get("falsepositives")),
            fields=_texts(data.get("fields")),
            logsource=LogSource(*(_text(source.get(key)) for key in LogSource.__slots__)),
            name=_text(data.get("name")),
        )


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (list, dict)) else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value if item is not None)
    return (str(value),) if isinstance(value, str) and value else ()
