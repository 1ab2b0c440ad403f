"""The columns that queries name, read with the grammars of `sigmaglot.verify.readers`.

What a query's own stages make (`rex`, `eval`, `regex("(?P<x>...)")`) is no column of a schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from lark import Token, Tree

from sigmaglot.verify.readers.grammar import grammar, parse

_GROUP = re.compile(r"\(\?P?<(\w+)>")


def _tokens(tree: Tree[Token], *kinds: str) -> Iterator[Token]:
    found = (one for one in tree.scan_values(lambda one: isinstance(one, Token)))
    return (one for one in found if one.type in kinds)


def _under(tree: Tree[Token], rules: str, *kinds: str) -> set[str]:
    """Return the tokens of some kinds that stand directly in some rules, out of their quotes."""
    return {
        str(one).strip("\"'")
        for part in tree.iter_subtrees()
        if part.data in rules.split()
        for one in part.children
        if isinstance(one, Token) and one.type in kinds
    }


def spl_columns(text: str) -> set[str]:
    """Return the fields that a search compares, and those that its stages read."""
    tree = parse(grammar("spl"), text)
    read = _under(tree, "comparison membership regex rex", "FIELD", "FIELD_NAME")
    read |= _under(tree, "named", "NAME", "SINGLE_QUOTED")
    made = _under(tree, "assignment alias", "NAME", "SINGLE_QUOTED", "QUOTED_NAME", "NAME_PATTERN")
    return read - made - set(_GROUP.findall(text)) - {"_raw"}


def cim_dataset(text: str) -> str:
    """Return the data set that a `tstats` reads, such as ``Endpoint.Processes``."""
    return str(next(_tokens(parse(grammar("spl"), text), "DATASET")))


def cim_comparisons(text: str) -> Iterator[tuple[str, str]]:
    """Return each field that a search compares, with each value, out of its quotes."""
    for part in parse(grammar("spl"), text).iter_subtrees():
        if part.data in {"comparison", "membership"}:
            name, *rest = (str(one) for one in part.children)
            yield from ((name, one.strip('"')) for one in rest[part.data == "comparison" :])


def logpoint_columns(text: str) -> set[str]:
    """Return the fields that a search compares, and those of its `regex` stages."""
    tree = parse(grammar("logpoint"), text)
    compared = {str(one).strip('"') for one in _tokens(tree, "FIELD")}
    searched = {
        str(part.children[2]).strip("\"'")
        for part in tree.iter_subtrees()
        if part.data == "regex_stage"
    }
    return compared - set(_GROUP.findall(text)) | searched


def fetch_columns(text: str) -> set[str]:
    """Return the fields of a `_fetch`."""
    return {str(one) for one in _tokens(parse(grammar("dnif_fetch"), text), "FIELD")}


def dql_columns(text: str) -> set[str]:
    """Return the columns of a DQL query."""
    return {str(one) for one in _tokens(parse(grammar("dnif_dql", "doubling"), text), "COLUMN")}


def dql_stream(text: str) -> str:
    """Return the stream that a DQL query reads."""
    (found,) = _tokens(parse(grammar("dnif_dql", "doubling"), text), "STREAM")
    return found.partition("=")[2].strip()


def car_columns(text: str) -> set[str]:
    """Return the fields of a program."""
    tree = parse(grammar("car", "program"), text)
    return {str(one).strip("[]") for one in _tokens(tree, "FIELD", "METHOD")}


def car_objects(text: str) -> set[str]:
    """Return what a program searches for, such as ``Process:Create``."""
    return {str(one) for one in _tokens(parse(grammar("car", "program"), text), "OBJECT", "ACTION")}


COLUMNS: Mapping[str, Callable[[str], set[str]]] = {
    "spl": spl_columns,
    "logpoint": logpoint_columns,
    "dnif_fetch": fetch_columns,
    "dnif_dql": dql_columns,
    "car": car_columns,
}
"""Of the languages whose readers do not check columns themselves, as Kusto's and Kibana's do."""
