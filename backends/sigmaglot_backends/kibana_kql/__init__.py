"""Kibana KQL over ECS documents: keywords with letter case, text sub-fields token by token."""

from sigmaglot.language import Language
from sigmaglot_backends.kibana_kql.capabilities import CAPABILITIES
from sigmaglot_backends.kibana_kql.render import leaf_text, render

LANGUAGE = Language(
    name="kibana_kql",
    title="Kibana KQL",
    extension="kql",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    describes_aggregates=True,
)
