"""DNIF's legacy ``_fetch``: conjunctions of regular expressions, one query a disjunct."""

from sigmaglot.language import Language
from sigmaglot_backends.dnif_fetch.aggregate import ASSUMES, GAPS, LOWER, cannot
from sigmaglot_backends.dnif_fetch.capabilities import CAPABILITIES
from sigmaglot_backends.dnif_fetch.render import find_branch, leaf_text, render

LANGUAGE = Language(
    name="dnif_fetch",
    title="DNIF _fetch",
    extension="dnif",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    assumes=(
        "NOT keeps the records that lack the field",
        "a regular expression may match a part of the value or all of it: each is written for both",
    ),
    lower_aggregates=LOWER,
    aggregate_gaps=GAPS,
    cannot_aggregate=cannot(find_branch),
    aggregate_assumes=ASSUMES,
)
