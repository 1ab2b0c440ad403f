"""Where schemas without tables keep an event's time, which only streams of events need.

Sources: Splunk's ``_time``, LogPoint's field ``log_ts``, DNIF's ``$CNAMTime`` and ``cnamtime`` (of
when the event was stored, which durations are of; here as long after every event: not at all), and
the field ``time`` of CAR's published programs. The form is seconds since 1970; a vendor's own is
not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping

_COLUMNS = {
    "car": "time",
    "dnif": "$CNAMTime",
    "dnif_dql": "cnamtime",
    "logpoint": "log_ts",
    "logpoint_security": "log_ts",
    "logpoint_sysmon": "log_ts",
    "splunk_cim": "_time",
    "splunk_security": "_time",
    "splunk_sysmon": "_time",
    "splunk_sysmon_classic": "_time",
}


def seconds_column(schema: str, time: float) -> Mapping[str, float]:
    """Return the column of an event's time in a schema, none for a schema that is not listed."""
    column = _COLUMNS.get(schema)
    return {column: int(time) if time.is_integer() else time} if column else {}
