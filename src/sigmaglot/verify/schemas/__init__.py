"""Vendors' schemas, as data: what tables and columns a query may name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

Tables = Mapping[str, Mapping[str, str]]
"""Tables by name: each column with its Kusto type."""

DEFENDER = "defender_xdr"
SENTINEL = "sentinel"

_ADDED = dict.fromkeys(("MachineGroup", "SourceSystem", "TenantId", "Type"), "string")
"""What Sentinel's copy of a Defender table has beside that table's columns."""
_CHANGED = {"Timestamp": ("TimeGenerated", "datetime"), "AdditionalFields": ("", "dynamic")}
"""Defender's column to its name in Sentinel, where that is another, and its type there."""


@cache
def defender_tables() -> Tables:
    """Return Defender XDR's advanced hunting tables: each column with its Kusto type.

    The ten ``Device...`` tables that Sigma's log sources map to, every column of them. Source:
    the "advanced hunting schema" pages of Microsoft's Defender XDR documentation (2026), held
    against the table list of pySigma's Kusto backend (2024). A column that the two disagree on
    and that no tenant confirmed (``LogonID`` beside ``LogonId``) is left out: a query that names
    it should be looked at.
    """
    return _frozen(_read(DEFENDER))


@cache
def sentinel_tables() -> Tables:
    """Return Microsoft Sentinel's tables: each column with its Kusto type.

    Defender's tables as the connector copies them, SecurityEvent and WindowsEvent. Source: the
    "Azure Monitor Logs reference" of these tables (2024 to 2026). SecurityEvent's
    ``ImpersonationLevel`` is known from a published row alone. Columns that begin with an
    underscore are left out: they are about billing and the resource.
    """
    copied = {name: _copied(columns) for name, columns in defender_tables().items()}
    return _frozen({**copied, **_read(SENTINEL)})


def tables_of(schema: str) -> Tables:
    """Return the tables of a schema that has Kusto tables, by the name of its pipeline."""
    return sentinel_tables() if schema == SENTINEL else defender_tables()


def _copied(columns: Mapping[str, str]) -> dict[str, str]:
    out = dict(_ADDED)
    for name, kind in columns.items():
        new_name, new_kind = _CHANGED.get(name, (name, kind))
        out[new_name or name] = new_kind
    return out


def _read(name: str) -> dict[str, dict[str, str]]:
    path = resources.files(__package__) / f"{name}.json"
    tables: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return tables


def _frozen(tables: Mapping[str, Mapping[str, str]]) -> Tables:
    return MappingProxyType({name: MappingProxyType(dict(tables[name])) for name in tables})
