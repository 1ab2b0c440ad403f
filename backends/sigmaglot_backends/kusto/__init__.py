"""Kusto, as Defender XDR advanced hunting and Sentinel run it."""

from sigmaglot.language import Language
from sigmaglot_backends.kusto.aggregate import AGGREGATES, ASSUMES
from sigmaglot_backends.kusto.capabilities import CAPABILITIES
from sigmaglot_backends.kusto.render import comment, leaf_text, render

LANGUAGE = Language(
    name="kusto",
    title="Kusto",
    extension="kql",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    comment=comment,
    aggregates=AGGREGATES,
    nests_aggregates=True,
    aggregate_assumes=ASSUMES,
)
