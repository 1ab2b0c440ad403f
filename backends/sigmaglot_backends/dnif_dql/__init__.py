"""DNIF's query language of version 9.2 and later, over the EP streams."""

from sigmaglot.language import Language
from sigmaglot_backends.dnif_dql.aggregate import ASSUMES, GAPS, LOWER, cannot
from sigmaglot_backends.dnif_dql.capabilities import CAPABILITIES
from sigmaglot_backends.dnif_dql.render import leaf_text, render

LANGUAGE = Language(
    name="dnif_dql",
    title="DNIF DQL",
    extension="dql",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    assumes=(
        "a backslash in a quoted value stands for itself, and a quote is doubled",
        "`rlike` finds its expression anywhere in the value and knows what RE2 knows",
        "`not` keeps the records that lack the field where they are asked for with `is null`",
    ),
    lower_aggregates=LOWER,
    aggregate_gaps=GAPS,
    cannot_aggregate=cannot,
    aggregate_assumes=ASSUMES,
)
