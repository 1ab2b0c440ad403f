"""MITRE CAR pseudocode: for people, and for analytics repositories that publish it."""

from sigmaglot.language import Language
from sigmaglot_backends.car.aggregate import ASSUMES, LOWER, cannot
from sigmaglot_backends.car.capabilities import CAPABILITIES
from sigmaglot_backends.car.render import leaf_text, render

LANGUAGE = Language(
    name="car",
    title="CAR pseudocode",
    extension="car",
    capabilities=CAPABILITIES,
    render=render,
    leaf_text=leaf_text,
    assumes=(
        "CAR defines no letter case: values compare without it, `match` with it unless by (?i)",
        "`and` binds tighter than `or`; every group stands in parentheses all the same",
    ),
    aggregate_assumes=ASSUMES,
    lower_aggregates=LOWER,
    cannot_aggregate=cannot,
)
