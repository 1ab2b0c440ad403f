"""Vendors' schemas, as data: what tables and columns a query may name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType


@cache
def defender_tables() -> Mapping[str, Mapping[str, str]]:
    """Return Defender XDR's advanced hunting tables: each column with its Kusto type.

    The ten ``Device...`` tables that Sigma's log sources map to, every column of them. Source:
    the "advanced hunting schema" pages of Microsoft's Defender XDR documentation (2026), held
    against the table list of pySigma's Kusto backend (2024). A column that the two disagree on
    and that no tenant confirmed (``LogonID`` beside ``LogonId``) is left out: a query that names
    it should be looked at.
    """
    path = resources.files(__package__) / "defender_xdr.json"
    tables: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType({name: MappingProxyType(tables[name]) for name in tables})
