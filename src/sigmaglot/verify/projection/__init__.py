"""What each SIEM stores of an event, written from the vendors' ingest facts.

Apart from the mapping files on purpose, and never derived from them: an error in either shows as a
query that finds other events than its rule. A record maps columns to values; what is not stored is
absent, except in Defender, where an empty string stands for nothing. Whatever recorded an event, it
is stored as the schema's own sensor would have: the log source of a rule counts as met.
"""

from sigmaglot.verify.projection.car import CAR
from sigmaglot.verify.projection.common import Event, Projection, Record
from sigmaglot.verify.projection.defender import DEFENDER
from sigmaglot.verify.projection.dnif import DNIF, DNIF_DQL
from sigmaglot.verify.projection.elastic import ELASTIC, ELASTIC_SECURITY
from sigmaglot.verify.projection.logpoint import LOGPOINT, LOGPOINT_SECURITY, LOGPOINT_SYSMON
from sigmaglot.verify.projection.sentinel import SENTINEL
from sigmaglot.verify.projection.splunk import SPLUNK, SPLUNK_CLASSIC, SPLUNK_SECURITY
from sigmaglot.verify.projection.splunk_cim import SPLUNK_CIM

PROJECTIONS = {
    "car": CAR,
    "defender_xdr": DEFENDER,
    "dnif": DNIF,
    "dnif_dql": DNIF_DQL,
    "elastic_ecs": ELASTIC,
    "elastic_security": ELASTIC_SECURITY,
    "logpoint": LOGPOINT,
    "logpoint_security": LOGPOINT_SECURITY,
    "logpoint_sysmon": LOGPOINT_SYSMON,
    "sentinel": SENTINEL,
    "splunk_cim": SPLUNK_CIM,
    "splunk_security": SPLUNK_SECURITY,
    "splunk_sysmon": SPLUNK,
    "splunk_sysmon_classic": SPLUNK_CLASSIC,
}
"""The projection of each schema, by the name of its pipeline."""

__all__ = ["PROJECTIONS", "Event", "Projection", "Record"]
