"""LogPoint search, with process stages for regular expressions."""

from sigmaglot.language import Language
from sigmaglot_backends.logpoint.aggregate import ASSUMES, LOWER, cannot
from sigmaglot_backends.logpoint.capabilities import CAPABILITIES
from sigmaglot_backends.logpoint.render import find_branch, leaf_text, render

LANGUAGE = Language(
    name="logpoint",
    title="LogPoint",
    extension="logpoint",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    assumes=(
        "LogPoint compares values without letter case, as the vendor's own Sigma backend does",
    ),
    lower_aggregates=LOWER,
    cannot_aggregate=cannot(find_branch),
    aggregate_assumes=ASSUMES,
)
