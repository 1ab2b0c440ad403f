"""Hypothesis strategies that several test modules share."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

MODIFIERS = (
    "all base64 base64offset cased cidr contains day endswith exists expand fieldref gt gte hour i "
    "lt lte m minute month neq re s startswith utf16 utf16be utf16le week wide windash year no_such"
).split()
"""Sigma's modifiers (appendix on modifiers of its specification), and one that is none."""

SIGMA_TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "*",
            "?",
            "\\",
            "\\*",
            "a",
            " -a /b",
            "10.0.0.0/8",
            "fe80::/10",
            "(a|b)",
            "a(",
            "é",
            "%list%",
            "5",
        ]
    ),
    st.text("ab\\*?.%-/ é'\"", max_size=8),
)
SCALARS = st.one_of(
    SIGMA_TEXTS, st.integers(-5, 5), st.booleans(), st.none(), st.floats(allow_nan=True, width=16)
)
KEYS = st.builds(
    lambda field, modifiers: "|".join([field, *modifiers]),
    st.sampled_from(["Image", "CommandLine", "User", "Hashes", "ProcessId", "UtcTime", "Foo", ""]),
    st.lists(st.sampled_from(MODIFIERS), max_size=3),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
DEFINITIONS = st.one_of(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), min_size=1, max_size=3),
    st.lists(SCALARS, max_size=3),
    st.dictionaries(KEYS | st.integers(0, 3) | st.none(), VALUES, max_size=3),
    VALUES,
)
GOOD_CONDITIONS = st.sampled_from(
    [
        "sel_a",
        "not sel_a",
        "sel_a and not sel_b",
        "1 of sel_*",
        "all of them",
        "1 of them",
        "any of sel_*",
        "not 1 of sel_*",
        "((sel_a or sel_b) and not (sel_a and sel_b))",
    ]
)
BAD_CONDITIONS = st.one_of(
    st.lists(
        st.sampled_from(
            ["sel_a", "sel_b", "and", "or", "not", "(", ")", "1", "of", "them", "sel_*", "|"]
        ),
        max_size=7,
    ).map(" ".join),
    SCALARS,
)


@st.composite
def detections(draw: st.DrawFn) -> dict[Any, Any]:
    """Draw what may stand under `detection:`, right or wrong."""
    found: dict[Any, Any] = draw(
        st.fixed_dictionaries({"sel_a": DEFINITIONS}, optional={"sel_b": DEFINITIONS})
    )
    if draw(st.integers(0, 9)) < 9:
        conditions = GOOD_CONDITIONS if draw(st.integers(0, 9)) < 8 else BAD_CONDITIONS
        found["condition"] = draw(conditions)
    return found
