"""How a Glue job's entry is called: with one mapping of the arguments if it accepts one, else with nothing.

The script that Glue starts does it (``plan/template/glue_script.py``). An entry that accepts neither is refused, and
so is one whose call would run nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.imports import Code, parsed
from multi_env_lambda.errors import ConfigurationError

__all__ = ["check_calls", "no_call", "not_run"]


def check_calls(code: Code, jobs: Iterable[Handler], *, where: str) -> None:
    """Read the entries, as far as they are plain functions.

    Raises:
        ConfigurationError: with the job, its entry and its parameters, or what it is instead of a plain function.
    """
    for job in jobs:
        tree = parsed(code.sources[job.module][1]) if job.module in code.sources else None
        found = [node for node in (tree.body if tree else ()) if isinstance(node, ast.FunctionDef)]
        named = [node for node in found if node.name == job.function and not node.decorator_list]
        if named and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in _own(named[-1])):
            raise not_run(job, "a generator", where)
        if named and not _fits(named[-1].args):
            raise no_call(job, f"({ast.unparse(named[-1].args)})", where)


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What a call of it runs, without the functions and classes that are defined in it."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield node
            yield from _own(node)


def _fits(parameters: ast.arguments) -> bool:
    positional = len(parameters.posonlyargs) + len(parameters.args)
    return positional - len(parameters.defaults) <= 1 and None not in parameters.kw_defaults


def no_call(job: Handler, signature: str, where: str) -> ConfigurationError:
    """The entry needs more than the one mapping that it gets."""
    what = f"{job.shown}: `{job.function}{signature}` must accept the one mapping that it is called with"
    hint = 'write `def main(arguments): ...` and read `arguments["day"]`, or `def main(): ...`'
    return ConfigurationError(where, what, hint=hint)


def not_run(job: Handler, kind: str, where: str) -> ConfigurationError:
    """``kind`` is what the entry is."""
    what = f"{job.shown}: `{job.function}` is {kind}, so calling it runs nothing"
    return ConfigurationError(where, what, hint="write a plain function that consumes what it yields or awaits")
