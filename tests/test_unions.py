"""Whoever asks which kind of a union a value is, answers for every kind: mypy then names each place of a new one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.house import PACKAGE, ROOT, module_paths, tree


def _united(node: ast.expr) -> frozenset[str]:
    """The kinds of ``A | B | C``; none if it is anything else."""
    match node:
        case ast.Name(id=name):
            return frozenset([name])
        case ast.BinOp(left=left, op=ast.BitOr(), right=right) if _united(left) and _united(right):
            return _united(left) | _united(right)
        case _:
            return frozenset()


def unions(modules: Mapping[str, ast.Module]) -> dict[str, frozenset[str]]:
    """Every ``Name = A | B`` of capitalised names, by its name; two of one name have the kinds of both."""
    found: dict[str, frozenset[str]] = {}
    for module in modules.values():
        for node in module.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
                (target, kinds) = node.targets[0], _united(node.value)
                if isinstance(target, ast.Name) and kinds and all(kind.strip("_")[0].isupper() for kind in kinds):
                    found[target.id] = found.get(target.id, frozenset()) | kinds
    return found


def _kinds(pattern: ast.pattern) -> frozenset[str]:
    match pattern:
        case ast.MatchClass(cls=ast.Name(id=name)):
            return frozenset([name])
        case ast.MatchOr(patterns=patterns):
            return frozenset().union(*map(_kinds, patterns))
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _kinds(inner)
        case _:
            return frozenset()


def open_ends(modules: Mapping[str, ast.Module], united: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Every ``match`` over the kinds of a union whose ``case _`` takes kinds that nobody thought of."""
    for name, module in modules.items():
        for node in ast.walk(module):
            if not isinstance(node, ast.Match):
                continue
            asked, last = frozenset().union(*(_kinds(case.pattern) for case in node.cases)), node.cases[-1]
            takes_all = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None
            told = ast.unparse(last.body[-1]).startswith("assert_never(")
            if takes_all and not told and asked and any(asked <= kinds for kinds in united.values()):
                yield f"{name}:{node.lineno}"


def test_no_match_over_the_kinds_of_a_union_has_an_open_end() -> None:
    modules = {path.relative_to(ROOT / PACKAGE).as_posix(): tree(path) for path in module_paths()}
    united = unions(modules)

    assert "Event" in united
    assert list(open_ends(modules, united)) == []


def test_an_open_end_is_seen() -> None:
    union = "Kind = A | B | C"
    made = "match kind:\n    case A() | B(n=1):\n        pass\n    case _:\n        {}"
    for end, found in (("pass", ["a.py:2"]), ("assert_never(kind)", [])):
        modules = {"a.py": ast.parse(f"{union}\n{made.format(end)}")}
        assert list(open_ends(modules, unions(modules))) == found
