"""Build the values of a YAML document: PyYAML's C parser, without duplicate keys."""

from __future__ import annotations

import operator
from typing import Any

import yaml


class DuplicateKeyError(yaml.constructor.ConstructorError):
    """A key stands twice in a map."""


_STR, _SEQ, _MAP, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map", "merge"))


_RESOLVED = frozenset(yaml.CSafeLoader.yaml_implicit_resolvers)
"""First letters of plain scalars that may be something else than text."""


class Loader(yaml.CSafeLoader):
    """PyYAML's C loader, with duplicate keys refused as the Sigma specification demands.

    Maps, lists and texts, which is all that most rules hold, are built here: PyYAML's general
    constructor takes twice the time for them. Any other value is left to it.
    """

    # PyYAML calls these around each node, to find tags by path. There are no such tags, so any
    # function in C that takes the same arguments will do: a method takes a tenth of the parsing.
    descend_resolver = operator.is_  # type: ignore[assignment]
    ascend_resolver = bool  # type: ignore[assignment]

    def construct_document(self, node: yaml.Node) -> Any:
        """Return the value of a document's root node."""
        value = self._value(node, {})
        self.constructed_objects, self.recursive_objects = {}, {}
        return value

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Return the tag of a node; what is quoted is text, and so is what begins as no number."""
        if kind is yaml.ScalarNode and (not implicit[0] or value[:1] not in _RESOLVED):
            return _STR
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def _value(self, node: yaml.Node, built: dict[int, Any]) -> Any:
        if node.tag == _STR:
            return node.value
        if id(node) in built:  # an alias: the same value, not a copy
            return built[id(node)]
        if node.tag == _MAP and isinstance(node, yaml.MappingNode):
            return self._map(node, built)
        if node.tag == _SEQ and isinstance(node, yaml.SequenceNode):
            values: list[Any] = []
            built[id(node)] = values
            values += [
                item.value if item.tag == _STR else self._value(item, built) for item in node.value
            ]
            return values
        return self.construct_object(node, deep=True)

    def _map(self, node: yaml.MappingNode, built: dict[int, Any]) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        built[id(node)] = mapping
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        if len(own) < len(node.value):
            self.flatten_mapping(node)  # what is merged in stands first, and may be overridden
            merged = node.value[: len(node.value) - len(own)]
            mapping.update((self._key(node, key), self._value(one, built)) for key, one in merged)
        seen = set()
        for key, value in own:
            name = key.value if key.tag == _STR else self._key(node, key)
            if name in seen:
                raise DuplicateKeyError(None, None, str(key.value), key.start_mark)
            seen.add(name)
            mapping[name] = value.value if value.tag == _STR else self._value(value, built)
        return mapping

    def _key(self, node: yaml.MappingNode, key: yaml.Node) -> Any:
        if isinstance(key, yaml.ScalarNode):
            return self._value(key, {})
        raise yaml.constructor.ConstructorError(
            "while constructing a map", node.start_mark, "a key is no text", key.start_mark
        )
