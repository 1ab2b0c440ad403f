"""Run a target's queries over projected records, with the readers written for the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sigmaglot.verify.projection import DEFENDER_TYPES, ELASTIC_TYPES
from sigmaglot.verify.readers import car, dnif_dql, dnif_fetch, kibana_kql, kusto, logpoint, spl
from sigmaglot.verify.readers.base import Query

READERS: dict[str, Callable[[str], Query]] = {
    "defender": lambda text: kusto.read(text, DEFENDER_TYPES),
    "kibana": lambda text: kibana_kql.read(text, ELASTIC_TYPES),
    "splunk": spl.read,
    "logpoint": logpoint.read,
    "logpoint-sysmon": logpoint.read,
    "dnif": dnif_fetch.read,
    "dnif-dql": dnif_dql.read,
    "car": car.read,
}


def read_all(target: str, queries: Sequence[str]) -> list[Query]:
    return [READERS[target](text) for text in queries]


def hits(queries: Sequence[Query], record: dict[str, Any]) -> bool:
    return any(query.matches(record) for query in queries)
