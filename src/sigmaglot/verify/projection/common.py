"""What the projections share: the parts of values that vendors store apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
Event = Mapping[str, Any]
Project = Callable[[Event], Record]

TABLE = "$table"
"""Where a record says which table, stream or object it is in, if its schema has such."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What one schema stores of an event.

    Attributes:
        categories: Category of a log source, ``service:NAME``, or ``service:*`` for any other
            service, to what makes a record of its events.
        types: Column to type, where the schema has types.
        tables: Category to the table, stream or object that its records are in, where the schema
            has such; a record that names its own is in that one.
    """

    categories: Mapping[str, Project]
    types: Mapping[str, str]
    tables: Mapping[str, str] = field(default_factory=dict)

    def of(self, category: str) -> Project | None:
        """Return what stores events of a category or ``service:NAME``, None where nothing does."""
        of_any = self.categories.get("service:*") if category.startswith("service:") else None
        project = self.categories.get(category, of_any)
        table = self.tables.get(category)
        return _stored_in(table, project) if project and table else project


def _stored_in(table: str, project: Project) -> Project:
    def store(event: Event) -> Record:
        record = project(event)
        return {TABLE: table, **record} if record else {}

    return store


def is_stored_in(record: Mapping[str, Any], names: Collection[str]) -> bool:
    """Return whether a record is in one of some tables, which any is that does not say."""
    table = record.get(TABLE)
    return table is None or table.lower() in {name.lower() for name in names}


def base_name(path: str | None) -> str | None:
    """Return what stands after the last backslash of a path."""
    return None if path is None else path.rpartition("\\")[2]


def account(user: str | None) -> tuple[str | None, str | None]:
    r"""Return domain and name of ``DOMAIN\name``; another text is a name without a domain."""
    if user is None or user.count("\\") != 1:
        return None, user
    domain, name = user.split("\\")
    return domain, name


def hash_of(event: Event, algorithm: str) -> str | None:
    """Return one algorithm's value of Sysmon's ``Hashes``, as it is written there."""
    pairs = (item.partition("=") for item in (event.get("Hashes") or "").split(","))
    return next((value for name, _, value in pairs if name.upper() == algorithm), None)


def number(text: Any, base: int = 10) -> int | None:
    """Return the number that a text spells, None where it spells none or has blanks around it."""
    try:
        return None if text is None or str(text) != str(text).strip() else int(str(text), base)
    except ValueError:
        return None


def present(record: Record) -> Record:
    """Return a record without the columns that hold nothing."""
    return {key: value for key, value in record.items() if value is not None}


_LABELS = {"Low": "4096", "Medium": "8192", "High": "12288", "System": "16384"}


def as_security(event: Event) -> Event:
    """Return a process creation with the names and forms of Security event 4688.

    An event that was recorded so stays as it is. Source: Microsoft's description of event 4688.
    """
    if "NewProcessName" in event:
        return event
    domain, name = account(event.get("User"))
    label = _LABELS.get(event.get("IntegrityLevel") or "")
    return present(
        {
            "Computer": event.get("Computer"),
            "NewProcessName": event.get("Image"),
            "ParentProcessName": event.get("ParentImage"),
            "CommandLine": event.get("CommandLine"),
            "SubjectDomainName": domain,
            "SubjectUserName": name,
            "SubjectLogonId": event.get("LogonId"),
            "NewProcessId": _hexadecimal(event.get("ProcessId")),
            "ProcessId": _hexadecimal(event.get("ParentProcessId")),
            "MandatoryLabel": label and f"S-1-16-{label}",
        }
    )


def _hexadecimal(text: Any) -> str | None:
    found = number(text)
    return None if found is None else hex(found)
