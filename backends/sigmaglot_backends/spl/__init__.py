"""Splunk SPL: the search command, and where stages for what it cannot say."""

from sigmaglot.language import Language
from sigmaglot_backends.spl.aggregate import AGGREGATES, ASSUMES
from sigmaglot_backends.spl.capabilities import CAPABILITIES
from sigmaglot_backends.spl.render import comment, leaf_text, render

LANGUAGE = Language(
    name="spl",
    title="Splunk SPL",
    extension="spl",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    comment=comment,
    aggregates=AGGREGATES,
    nests_aggregates=True,
    aggregate_assumes=ASSUMES,
)
