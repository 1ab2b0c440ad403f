"""Splunk SPL over the data models of the Common Information Model: tstats, and where stages."""

from sigmaglot.language import Language
from sigmaglot_backends.spl.render import comment
from sigmaglot_backends.spl_cim.capabilities import CAPABILITIES
from sigmaglot_backends.spl_cim.render import leaf_text, render

LANGUAGE = Language(
    name="spl_cim",
    title="Splunk SPL over data models",
    extension="spl",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    comment=comment,
    assumes=(
        "the where clause of tstats compares without letter case, as the search command does",
        "NOT in the where clause of tstats also finds what lacks the field",
    ),
    describes_aggregates=True,
)
