"""Run a target's queries over projected records, with the readers of `sigmaglot.verify`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS as BY_SCHEMA
from sigmaglot.verify.projection.defender import DEFENDER_TYPES
from sigmaglot.verify.projection.elastic import ELASTIC_TYPES
from sigmaglot.verify.readers import car, dnif_dql, dnif_fetch, kibana_kql, kusto, logpoint, spl
from sigmaglot.verify.readers.base import Query
from sigmaglot.verify.schemas import SENTINEL, tables_of

READERS: dict[str, Callable[[str], Query]] = {
    "defender": lambda text: kusto.read(text, DEFENDER_TYPES),
    "sentinel": lambda text: kusto.read(text, tables_of(SENTINEL)["DeviceProcessEvents"]),
    "kibana": lambda text: kibana_kql.read(text, ELASTIC_TYPES),
    "splunk": spl.read,
    "splunk-cim": spl.read,
    "logpoint": logpoint.read,
    "logpoint-sysmon": logpoint.read,
    "dnif": dnif_fetch.read,
    "dnif-dql": dnif_dql.read,
    "car": car.read,
}
PROJECTIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    name: BY_SCHEMA[target.pipeline].categories["process_creation"]
    for name, target in TARGETS.items()
}


def read_all(target: str, queries: Sequence[str]) -> list[Query]:
    return [READERS[target](text) for text in queries]


def hits(queries: Sequence[Query], record: dict[str, Any]) -> bool:
    return any(query.matches(record) for query in queries)
