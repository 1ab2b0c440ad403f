"""Which schema and which language a target's queries are run in, pySigma's targets included."""

from __future__ import annotations

from dataclasses import dataclass

from sigmaglot.targets import Target


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a target's queries run: a schema of ``projection``, and a language with engines."""

    schema: str
    language: str


PYSIGMA_GROUNDS = {
    "pysigma:kusto": Ground("defender_xdr", "kusto"),
    "pysigma:kusto+microsoft_xdr": Ground("defender_xdr", "kusto"),
    "pysigma:splunk": Ground("splunk_sysmon_classic", "spl"),
    "pysigma:splunk+splunk_windows": Ground("splunk_sysmon_classic", "spl"),
    "pysigma:lucene": Ground("elastic_ecs", "lucene"),
    "pysigma:lucene+ecs_windows": Ground("elastic_ecs", "lucene"),
}
"""pySigma targets whose schema and language are known here.

``splunk_windows`` names the source of classic (rendered) events, so they are stored as such.
"""


def ground_of(target: Target) -> Ground | None:
    """Return where a target's queries run, None where no engine knows their language."""
    if target.is_pysigma:
        return PYSIGMA_GROUNDS.get(target.name)
    return Ground(target.pipeline, target.language)
