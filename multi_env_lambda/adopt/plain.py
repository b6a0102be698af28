"""The reader of a folder of handlers: modules with a function for Lambda, and nothing that says more about them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from multi_env_lambda.adopt.cfn_draft import key_of
from multi_env_lambda.adopt.found import Carried, Changed, Finding, NotCarried, Place, Reading
from multi_env_lambda.adopt.modules import imports_of, steps_up
from multi_env_lambda.adopt.plain_packages import packages_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.keys.function import HANDLER

__all__ = ["handlers_of", "read_folder"]

_REMOVED: Mapping[str, frozenset[str]] = {
    "python3.12": frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"}),
    "python3.13": frozenset({"cgi", "cgitb", "crypt", "imghdr", "pipes", "telnetlib", "uu", "xdrlib"}),
}
"""Modules that Python no longer has from then on, as far as functions use them.

Source: https://docs.python.org/3/whatsnew/3.13.html (and 3.12)"""

_USUAL = ("lambda_handler", "handler")
_TESTS = re.compile(r"(^|/)(tests?|__tests__)/|(^|/)(test_[^/]*|[^/]*_test|conftest|setup|stack)\.py$")
_COMMON = frozenset({"app", "main", "index", "handler", "lambda_function", "function", "lambda"})
"""Modules that are called after nothing: the folder says more."""


def handlers_of(texts: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """The files with a function for Lambda: its name and its line. In a file with several, the usual name counts."""
    found = {}
    for path, text in sorted(texts.items()):
        if path.endswith(".py") and not _TESTS.search(path) and (handler := _handler(text)) is not None:
            found[path] = handler
    return found


def _handler(text: str) -> tuple[str, int] | None:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    functions = [one for one in body if isinstance(one, ast.FunctionDef) and len(one.args.args) == 2]
    for name in _USUAL:
        for one in functions:
            if one.name == name:
                return one.name, one.lineno
    if (made := next(_made(body), None)) is not None:
        return made
    called = [one for one in functions if [a.arg for a in one.args.args] == ["event", "context"]]
    return (called[0].name, called[0].lineno) if len(called) == 1 else None


def _made(body: Iterable[ast.stmt]) -> Iterator[tuple[str, int]]:
    """A handler that something makes: ``lambda_handler = skill.lambda_handler()``, ``handler = Mangum(app)``.

    What else is called ``handler`` may be one of ``logging``.
    """
    for one in body:
        match one:
            case ast.Assign(targets=[ast.Name(id="lambda_handler")], value=ast.Call() | ast.Attribute()):
                yield "lambda_handler", one.lineno
            case (
                ast.Assign(targets=[ast.Name(id="handler")], value=ast.Call(func=ast.Name(id=name)))
                | ast.Assign(targets=[ast.Name(id="handler")], value=ast.Call(func=ast.Attribute(attr=name)))
            ) if name == "Mangum" or name.endswith("lambda_handler"):
                yield "handler", one.lineno


def read_folder(
    texts: Mapping[str, str],
    unit: str,
    longest: int,
    where: str,
    runtime: str = "python3.13",
    *,
    is_listed: bool = True,
) -> Reading:
    """The unit, which is the same in every environment.

    Args:
        texts: the Python files, by path. longest: of a key. where: the folder, for errors. runtime: to write down.
        is_listed: whether the folder says which packages it needs.

    Raises:
        ConfigurationError: no file has a function for Lambda.
    """
    found = handlers_of(texts)
    scripts = tuple(_scripts_of_glue(texts))
    if not found:
        raise _nothing_found(scripts, where)
    functions: dict[str, Any] = {}
    findings: list[Finding] = []
    starts: dict[str, tuple[str, str]] = {}
    tops = _tops(found, texts)
    for path, (name, line) in found.items():
        root = tops[path]
        inside = PurePosixPath(path).relative_to(root) if root else PurePosixPath(path)
        handler = f"{str(inside.with_suffix('')).replace('/', '.')}.{name}"
        if not HANDLER.accepts(handler):
            continue
        key = key_of(_called(path, unit), functions, longest)
        functions[key] = {"handler": handler, **({"root": root} if root else {})}
        starts[key] = (path, root)
        to = f'functions.{key}: handler = "{handler}"' + (f', root = "{root}"' if root else "")
        findings.append(Carried(function=key, what="handler", place=Place(path, line), to=to))
    first = next(iter(found))
    reason = (
        "nothing in the folder says which; neither does it say memory, time limit, variables, permissions and events"
    )
    findings.append(
        Changed(function="", what="runtime", place=Place(first, 1), to=f'runtime = "{runtime}"', reason=reason)
    )
    lost = {one for name in found for one in imports_of(texts[name])} - {_top(path) for path in texts}
    newest = next((name for name, modules in _REMOVED.items() if lost & modules), "")
    packages, said = packages_of({} if is_listed else starts, texts)
    return Reading(
        table={"runtime": runtime, "architecture": "x86_64", "functions": functions},
        findings=(*findings, *said, *scripts),
        folders=(".",),
        files={"requirements.txt": "".join(f"{one}\n" for one in packages)} if packages else {},
        told="nothing",
        before=newest,
    )


def _scripts_of_glue(texts: Mapping[str, str]) -> Iterator[NotCarried]:
    """What to do with each: a job here calls a function, and a script has its lines at the top of its module."""
    for path, text in sorted(texts.items()):
        line = imports_of(text).get("awsglue")
        if line is not None and not _TESTS.search(path):
            name = key_of(PurePosixPath(path).stem, {}, 40)
            module = path.removesuffix(".py").replace("/", ".")
            reason = (
                f"a job of Glue calls a function: put its lines into `def main():`, "
                f'and write `[tool.multi_env_lambda.jobs.{name}]` with `entry = "{module}:main"` and its `kind`'
            )
            yield NotCarried(function="", what=f"the script {path} of Glue", place=Place(path, line), reason=reason)


def _nothing_found(scripts: tuple[NotCarried, ...], where: str) -> ConfigurationError:
    if scripts:
        what = f"it has no function for Lambda, but {', '.join(one.what for one in scripts)}"
        return ConfigurationError(
            where, what, hint=f"create a unit with `new`, and copy the script: {scripts[0].reason}"
        )
    what = "it has no template and no Python file with a function `lambda_handler(event, context)` or `handler`"
    return ConfigurationError(where, what, hint="name the folder that has the template, or the modules of the handlers")


def _top(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def _tops(found: Iterable[str], texts: Mapping[str, str]) -> dict[str, str]:
    """The top of the code of each handler: its own folder, unless that is a package or all share one folder."""
    folders = {path: str(PurePosixPath(path).parent) for path in found}
    packages = {str(PurePosixPath(path).parent) for path in texts if path.endswith("__init__.py")}
    usual = {path: "" if folder == "." or folder in packages else folder for path, folder in folders.items()}
    return {path: _where_imports_lead(path, texts, top) for path, top in usual.items()}


def _where_imports_lead(path: str, texts: Mapping[str, str], usual: str) -> str:
    """The folder above a handler in which most of the modules are that it imports; the usual one if none has more."""
    names = imports_of(texts[path])
    folders = [str(one) for one in PurePosixPath(path).parents][steps_up(texts[path]) :]
    tops = ["" if one == "." else one for one in folders]

    def here(top: str) -> int:
        within = f"{top}/" if top else ""
        found = (
            f"{within}{name}.py" in texts or any(one.startswith(f"{within}{name}/") for one in texts) for name in names
        )
        return sum(found)

    best = max(tops, key=here, default=usual)
    return best if here(best) > here(usual) else usual


def _called(path: str, unit: str) -> str:
    """After its module; after its folder where the module is called like all others."""
    return next(_names(PurePosixPath(path)), unit)


def _names(path: PurePosixPath) -> Iterator[str]:
    for name in (path.stem, *(one.name for one in path.parents)):
        if name and name.lower() not in (*_COMMON, "src"):
            yield name
