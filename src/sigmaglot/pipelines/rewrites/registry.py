r"""Registry keys and data: Sysmon abbreviates hives and writes numbers in words, schemas do not.

Sources: Sysmon's events 12 to 14; Microsoft's ASIM parsers for Sysmon and Defender XDR.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import AnyOne, AnyRun, FieldLeaf, Literal, Node, Pattern, Shape
from sigmaglot.language import ALL, GONE, approx, literals_of
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_SEPARATOR = "\\"
_USER_HIVE, _USERS_HIVE = "HKCU\\", "HKU\\"
_MACHINE, _SYSTEM = "HKLM", "\\SYSTEM"
_CURRENT, _NUMBERED = "CurrentControlSet", "ControlSet001"
_ENDS: frozenset[Pattern] = frozenset({(), (AnyRun,)})
"""What is left of a pattern where a text may end."""
_IN_NUMBERED = ir.pattern(Shape.CONTAINS, f"{_SEPARATOR}{_NUMBERED}{_SEPARATOR}")


def registry_key(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a registry object to one of its path with other names for the hives.

    ``values``: a hive as the schema spells it to the hive as Sysmon does; where several spellings
    stand for one hive, any of them may be stored. One that is a key in another hive is looked for
    where a pattern begins with the hive. The control set in use is stored under its own name or
    under its number.
    """
    match leaf:
        case ir.StringMatch(pattern=pattern) if pattern:
            return _object(leaf, entry)
        case ir.RegexMatch():
            note = other_form(leaf, entry, "is stored with other names for hives and control sets")
            bound, _ = literals_of(leaf)
            upper = ALL if bound == ir.TRUE else (_each(bound, entry), 0.3)
            return approx(leaf, note, upper, GONE)
        case _:
            return on(leaf, entry.column)


def _each(node: Node, entry: Entry) -> Node:
    """Rewrite every string test of a tree."""
    match node:
        case ir.And(children):
            return ir.all_of([_each(child, entry) for child in children])
        case ir.Or(children):
            return ir.any_of([_each(child, entry) for child in children])
        case ir.StringMatch():
            return registry_key(node, entry)
        case _:
            return node


def _object(leaf: ir.StringMatch, entry: Entry) -> Node:
    if (inside := _in_user_hive(leaf)) is not None:
        note = other_form(leaf, entry, "never begins with HKCU: users' keys are under their SIDs")
        literal = _under_hives(leaf, entry)
        upper = ir.any_of([literal, _under_hives(inside, entry)])
        return approx(leaf, note, (upper, 0.1), (literal, 0.5))
    return _under_hives(leaf, entry)


def _in_user_hive(leaf: ir.StringMatch) -> ir.StringMatch | None:
    r"""Return a test of ``HKCU\...`` as one of any user's hive, None for another test."""
    first = leaf.pattern[0]
    if not isinstance(first, Literal) or not first.text.upper().startswith(_USER_HIVE):
        return None
    rest = Literal(first.text[len(_USER_HIVE) - 1 :])
    pattern = ir.tidy((Literal(_USERS_HIVE), AnyRun, rest, *leaf.pattern[1:]))
    return ir.StringMatch(leaf.field, pattern, leaf.cased, leaf.place)


def _under_hives(leaf: ir.StringMatch, entry: Entry) -> Node:
    """Return the tests of a path for each hive under which the pattern reads otherwise."""
    first = leaf.pattern[0]
    start = first.text.lower() if isinstance(first, Literal) else ""
    hives = [
        _Hive(stored + _SEPARATOR, _after(leaf, name), _after(leaf, stored + _SEPARATOR))
        for stored, names in entry.values.items()
        for name in (one + _SEPARATOR for one in names)
        if _SEPARATOR not in stored or start.startswith(name.lower())
    ]
    changed = [hive for hive in hives if hive.meant != hive.kept]
    is_wide = any(hive.kept - hive.meant for hive in changed)
    tests = [
        _sets(leaf, entry, ir.tidy((Literal(hive.stored), *rest)))
        for hive in changed
        for rest in sorted(hive.meant if is_wide else hive.meant - hive.kept, key=str)
    ]
    if any(start.startswith(name.lower() + _SEPARATOR) for name in _names(entry)):
        return ir.any_of(tests)
    return ir.any_of([_elsewhere(leaf, entry, changed if is_wide else []), *tests])


@dataclass(frozen=True, slots=True)
class _Hive:
    """A hive as the schema spells it, and what a pattern asks of the rest of a path in it.

    ``meant`` are the rests under Sysmon's name for the hive, ``kept`` those under the stored one.
    """

    stored: str
    meant: frozenset[Pattern]
    kept: frozenset[Pattern]


def _names(entry: Entry) -> list[str]:
    return [name for names in entry.values.values() for name in names]


def _elsewhere(leaf: ir.StringMatch, entry: Entry, hives: list[_Hive]) -> Node:
    """Return the test of the pattern as it is, outside of some hives."""
    test = _sets(leaf, entry, leaf.pattern)
    within = [
        ir.StringMatch(entry.column, ir.pattern(Shape.STARTSWITH, hive.stored), place=leaf.place)
        for hive in hives
    ]
    return ir.all_of([test, ir.Not(ir.any_of(within))]) if within else test


def _after(leaf: ir.StringMatch, text: str) -> frozenset[Pattern]:
    """Return what is left of the leaf's pattern once a text's beginning is taken."""
    return _rests(leaf.pattern, text, leaf.cased)


@lru_cache(maxsize=8192)
def _rests(pattern: Pattern, text: str, cased: bool) -> frozenset[Pattern]:
    states = {pattern}
    for char in text if cased else text.lower():
        states = {rest for state in states for rest in _step(state, char, cased=cased)}
    return frozenset({(AnyRun,)}) if (AnyRun,) in states else frozenset(states)


def _step(pattern: Pattern, char: str, *, cased: bool) -> list[Pattern]:
    """Return what may be left of a pattern after one character."""
    if not pattern:
        return []
    first, rest = pattern[0], pattern[1:]
    if first is AnyRun:
        return [pattern, *_step(rest, char, cased=cased)]
    if first is AnyOne:
        return [rest]
    text = first.text if isinstance(first, Literal) else ""
    if (text[0] if cased else text[0].lower()) != char:
        return []
    return [(Literal(text[1:]), *rest) if len(text) > 1 else rest]


def _sets(leaf: ir.StringMatch, entry: Entry, pattern: Pattern) -> Node:
    """Return the test of a path, under each name that the control set in use may have."""
    test = ir.StringMatch(entry.column, pattern, leaf.cased, leaf.place)
    above = next(stored for stored, names in entry.values.items() if _MACHINE in names)
    renamed, is_wide = _renamed(pattern, f"{above}{_SYSTEM}", leaf.cased)
    tests = [ir.StringMatch(entry.column, one, leaf.cased, leaf.place) for one in renamed]
    if not is_wide:
        return ir.any_of([test, *tests])
    note = other_form(leaf, entry, "names a control set, and the one in use has a number too")
    numbered = ir.StringMatch(entry.column, _IN_NUMBERED, place=leaf.place)
    lower = ir.any_of([ir.all_of([test, ir.Not(numbered)]), *tests])
    return approx(leaf, note, (ir.any_of([test, *tests]), 0.05), (lower, 0.3))


@lru_cache(maxsize=8192)
def _renamed(pattern: Pattern, above: str, cased: bool) -> tuple[tuple[Pattern, ...], bool]:
    """Return what a pattern asks of a path with the number of the control set in use.

    ``above`` is the key that holds the control sets. The second value tells whether the pattern
    finds a path by that number which it does not find by the name.
    """
    found: dict[Pattern, None] = {}
    is_wide = False
    for head, rest in _cuts(pattern):
        if not _ENDS & _rests(ir.tidy(head), above, cased=False):
            continue
        meant, kept = (_in_key(rest, _SEPARATOR + name, cased) for name in (_CURRENT, _NUMBERED))
        more = set() if (AnyRun,) in kept else meant - kept
        numbered = Literal(f"{_SEPARATOR}{_NUMBERED}")
        found.update({ir.tidy((*head, numbered, *one)): None for one in sorted(more, key=str)})
        is_wide = is_wide or ((AnyRun,) not in meant and bool(kept - meant))
    return tuple(found), is_wide


def _cuts(pattern: Pattern) -> list[tuple[Pattern, Pattern]]:
    """Return a pattern cut in two wherever its second part may begin with a backslash."""
    cuts: list[tuple[Pattern, Pattern]] = []
    for index, part in enumerate(pattern):
        before, behind = pattern[:index], pattern[index + 1 :]
        if isinstance(part, Literal):
            cuts += [
                ((*before, Literal(part.text[:at])), (Literal(part.text[at:]), *behind))
                for at, char in enumerate(part.text)
                if char == _SEPARATOR
            ]
        else:
            run = (part,) if part is AnyRun else ()
            cuts.append(((*before, *run), pattern[index:]))
    return cuts


def _in_key(pattern: Pattern, text: str, cased: bool) -> frozenset[Pattern]:
    """Return what is left of a pattern after a text that a backslash or nothing follows."""
    rests = _rests(pattern, text, cased)
    return frozenset(rest for rest in rests if rest in _ENDS or _rests(rest, _SEPARATOR, cased))
