"""``from sigmaglot import compile``: the library in one call."""

import pytest
from cli_helpers import FILLED, PLACEHOLDER, rule_text

import sigmaglot
from sigmaglot import ConfigurationError, Fidelity, Options, Policy, Result, UsageError


def test_compile_yields_a_result_for_each_rule_and_target(write):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second", "Image|dance: x"))
    found = list(sigmaglot.compile("rules", ["defender", "splunk"]))
    assert all(isinstance(result, Result) for result in found)
    assert [(one.info.title, one.target, one.ok) for one in found] == [
        ("First", "defender", True),
        ("First", "splunk", True),
        ("Second", "", False),
    ]
    assert found[0].fidelity is Fidelity.EXACT


def test_paths_options_pipelines_and_jobs_are_taken(write):
    paths = [write("a.yml", rule_text("A", PLACEHOLDER)), write("b.yml", rule_text("B"))]
    options = Options(Policy.EXACT, hunt=True, last="1d")
    more = {"pipelines": [write("p.yml", FILLED)], "jobs": 2}
    found = list(sigmaglot.compile(iter(paths), "defender", options, **more))
    assert [result.ok for result in found] == [True, True]
    assert "ago(1d)" in found[0].queries[0]


@pytest.mark.parametrize(
    ("targets", "pipelines", "error"),
    [
        ([], [], UsageError),
        (["nowhere"], [], UsageError),
        (["defender"], ["none.yml"], ConfigurationError),
    ],
)
def test_what_cannot_be_done_is_raised_by_the_call_itself(targets, pipelines, error):
    with pytest.raises(error):
        sigmaglot.compile([], targets, pipelines=pipelines)


def test_public_names_are_listed_and_others_are_an_attribute_error():
    assert {"compile", "Result", "Options"} <= set(dir(sigmaglot))
    with pytest.raises(AttributeError, match="no attribute 'decompile'"):
        sigmaglot.decompile  # noqa: B018


def test_alternatives_of_one_field_mean_what_each_of_them_means():
    from itertools import product

    from sigmaglot import ir
    from sigmaglot.evaluate import evaluate

    texts = ("", "a", "A", "ab", "Ab", "bA", "xaBx", None)
    shapes = (ir.Shape.EQUALS, ir.Shape.STARTSWITH, ir.Shape.ENDSWITH, ir.Shape.CONTAINS)
    for shape, cased, value in product(shapes, (True, False), texts):
        leaves = [ir.StringMatch("f", ir.pattern(shape, text), cased) for text in ("aB", "A", "q")]
        event = {"f": value}
        assert evaluate(ir.any_of(leaves), event) is any(evaluate(leaf, event) for leaf in leaves)
        assert evaluate(ir.any_of(leaves), {}) is False
