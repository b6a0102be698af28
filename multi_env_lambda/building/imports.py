"""What can be checked about handlers without running them: (wheel, layer, handlers) -> nothing, or the error.

It is lenient: only what fails in every Python version is refused; the rest is left to the import in an interpreter.
For jobs more is read: also what they import inside functions, which the import of their module does not reach.
"""

from __future__ import annotations

import ast
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import attrs

from multi_env_lambda.building.handler import Handler
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.lambda_python import LACKING

__all__ = [
    "Code",
    "check_statically",
    "imports_of_job",
    "left_to_layers",
    "missing_module",
    "no_function",
    "no_module",
    "not_this_python",
    "parsed",
    "read_code",
    "sources_of_job",
]

# For Python versions that are newer or older than the one that runs this.
_ALSO_STANDARD = frozenset(
    {"__main__", "annotationlib", "asynchat", "asyncore", "binhex", "compression", "distutils", "formatter", "imp"}
    | {"parser", "smtpd", "symbol", "tomllib", "zoneinfo"}
)
_MAX_SHOWN = 5

_Import = tuple[int, str, tuple[str, ...]]
"""The line, the module, and what may be modules in it."""


@attrs.frozen(kw_only=True)
class Code:
    """The modules of a wheel with their text, and the names of those in the layer; namespace packages have no text."""

    sources: Mapping[str, tuple[str, bytes]]
    modules: frozenset[str]
    layer: frozenset[str]


def read_code(wheel: Path, layer: Path | None, *, folder: str = "python/") -> Code:
    """Read the wheel and the directory of the layer, or library, whose packages are in ``folder``."""
    with _opened(wheel) as archive:
        names = archive.namelist()
        sources = {_module(name): (name, archive.read(name)) for name in names if name.endswith(".py")}
    return Code(sources=sources, modules=_modules(names), layer=_modules(_layer_names(layer, folder)))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip to read from; zipfile has many errors for a damaged one, here there is only one."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (OSError, RuntimeError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise zipfile.BadZipFile(str(error)) from error


def _layer_names(layer: Path | None, folder: str) -> Iterator[str]:
    if layer is None:
        return
    with _opened(layer) as archive:
        for name in archive.namelist():
            if folder and name.startswith(f"{folder}lib/") and name.count("/") > 4:
                yield name.split("/", 4)[4]
            elif name.startswith(folder):
                yield name.removeprefix(folder)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _modules(paths: Iterable[str]) -> frozenset[str]:
    found = set()
    for path in paths:
        folders, _, name = path.rpartition("/")
        if name.endswith((".py", ".so", ".pyc")):
            found.add(_module(f"{folders}/{name.partition('.')[0]}".lstrip("/")))
        while folders:
            found.add(folders.replace("/", "."))
            folders = folders.rpartition("/")[0]
    return frozenset(found)


def check_statically(code: Code, handlers: Iterable[Handler], *, where: str) -> None:
    """Check that every handler's module exists and defines its function, and that what the module imports exists too.

    Raises:
        ConfigurationError: with the function, its handler, and what is missing.
    """
    for handler in handlers:
        if not handler.module or not handler.function.isidentifier():
            what = f"{handler.shown}: expected a module and a function"
            raise ConfigurationError(where, what, hint="write it as `package.module.function`")
        if handler.module in code.sources:
            _check_function(code, handler, where)
            if handler.is_job:
                _check_syntax(code, handler, where)
            _check_imports(code, handler, where)
        elif handler.module not in code.layer and handler.module.partition(".")[0] not in handler.provided:
            raise no_module(code, handler, where)


def _check_function(code: Code, handler: Handler, where: str) -> None:
    tree = parsed(code.sources[handler.module][1])
    names = _Names()
    if tree is None:
        return
    names.read(tree.body)
    if handler.function in names.coroutines:
        what = f"{handler.shown}: the function is `async def`, which {handler.place} does not await"
        raise ConfigurationError(where, what, hint="write a plain function that calls `asyncio.run`")
    if handler.function not in names.all and not names.is_open:
        raise no_function(handler, sorted(names.functions), where)


@lru_cache(maxsize=256)
def parsed(source: bytes) -> ast.Module | None:
    """Parsed once per text; None if this Python cannot."""
    # The runtime may be newer than this Python and know more syntax; an interpreter of its version decides.
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


class _Names:
    """What a module defines at its top level; ``is_open`` if that cannot be known."""

    def __init__(self) -> None:
        self.all: set[str] = set()
        self.functions: set[str] = set()
        self.coroutines: set[str] = set()
        self.is_open = False

    def read(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name):
                    self.functions.add(name)
                    self.all.add(name)
                    self.is_open |= name == "__getattr__"
                case ast.AsyncFunctionDef(name=name):
                    self.all.add(name)
                    if not statement.decorator_list:
                        self.coroutines.add(name)
                case ast.ClassDef(name=name):
                    self.all.add(name)
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    self.all.update(alias.asname or alias.name.partition(".")[0] for alias in aliases)
                    self.is_open |= any(alias.name == "*" for alias in aliases)
                case _:
                    self._read_other(statement)

    def _read_other(self, statement: ast.stmt) -> None:
        nodes = list(ast.walk(statement))
        self.all.update(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        self.is_open |= any(isinstance(node, ast.Name) and node.id in ("globals", "exec", "setattr") for node in nodes)
        for node in nodes:
            if node is not statement and isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                self.read([node])


def _check_syntax(code: Code, handler: Handler, where: str) -> None:
    """A job may run on an older Python than functions; Glue would fail at each run.

    This Python can detect most of what an older one does not know; an interpreter of that version detects all.
    """
    major, minor = map(int, handler.python.split("."))
    if (major, minor) > sys.version_info[:2]:
        return
    for path in sources_of_job(code, handler):
        try:
            ast.parse(code.sources[_module(path)][1], feature_version=(major, minor))
        except (ValueError, RecursionError):
            continue
        except SyntaxError as error:
            raise not_this_python(handler, f"{path} line {error.lineno}", error.msg, where) from error


def not_this_python(handler: Handler, place: str, text: str, where: str) -> ConfigurationError:
    """Glue could not compile the job's code."""
    what = f"{handler.shown}: {place} is not Python {handler.python}, which Glue runs: {text}"
    hint = "write it for that version, or do not import it in the job"
    return ConfigurationError(where, what, hint=hint)


def sources_of_job(code: Code, handler: Handler) -> tuple[str, ...]:
    """The paths of the unit's own modules that a job uses."""
    return tuple(sorted(code.sources[module][0] for module, _ in _reached(code, handler)))


def imports_of_job(code: Code, handler: Handler) -> tuple[tuple[str, str], ...]:
    """The other top-level modules that it imports and Glue is not known to have, each with its first location."""
    known = {name.partition(".")[0] for name in code.modules} | handler.offered | {"__main__"}
    found: dict[str, str] = {}
    for module, imports in _reached(code, handler):
        for line, wanted, _ in imports:
            if (top := wanted.partition(".")[0]) not in known:
                found.setdefault(top, f"{code.sources[module][0]} line {line}")
    return tuple(sorted(found.items()))


def _check_imports(code: Code, handler: Handler, where: str) -> None:
    for wanted, place in _lacking(code, handler):
        top = wanted.partition(".")[0]
        if top in code.modules or not handler.may_be_brought(top):
            raise missing_module(code, handler, wanted, place, where)


def _lacking(code: Code, handler: Handler) -> Iterator[tuple[str, str]]:
    """The modules that neither the unit nor the runtime has, each with where it is imported."""
    for module, imports in _reached(code, handler):
        for line, wanted, _ in imports:
            if not _is_there(code, wanted, handler.offered):
                yield wanted, f"{code.sources[module][0]} line {line}"


def left_to_layers(code: Code, handlers: Iterable[Handler]) -> tuple[str, ...]:
    """Notes about what only layers from elsewhere may contain: this machine lacks them, so nothing is proven of it."""
    found: dict[tuple[str, str, bool], list[str]] = {}
    for handler in (one for one in handlers if one.is_layered):
        outside = () if handler.module in code.sources or handler.module in code.layer else ((handler.module, ""),)
        for wanted, place in (*outside, *_lacking(code, handler)):
            top = wanted.partition(".")[0]
            keys = found.setdefault((top, place, top in handler.provided), [])
            keys += [handler.key] if handler.key not in keys else []
    shown: dict[tuple[str, bool], str] = {}
    for (top, place, is_said), keys in sorted(found.items()):
        who = f"`{keys[0]}`" if len(keys) == 1 else f"{len(keys)} functions (`{keys[0]}` …)"
        at = f" ({place})" if place else ""
        says = "as `provided` says" if is_said else f'if so, set `provided = ["{top}"]`'
        text = f"{who} was not imported to the end: `{top}`{at} has to come from a layer from elsewhere; {says}"
        shown.setdefault((top, is_said), text.replace(" was ", " were ", 1) if len(keys) > 1 else text)
    return tuple(shown.values())


def _reached(code: Code, handler: Handler) -> Iterator[tuple[str, tuple[_Import, ...]]]:
    """The unit's own modules that are imported with a handler's, and what each imports."""
    seen: set[str] = set()
    waiting = list(_with_parents(handler.module))
    while waiting:
        found = waiting.pop()
        if found in seen or found not in code.sources:
            continue
        seen.add(found)
        path, source = code.sources[found]
        tree = parsed(source)
        if tree is None:
            yield found, ()
            continue
        is_package = path.endswith("__init__.py")
        imports = tuple(_imports(_import_statements(tree, inside=handler.is_job), found, is_package))
        yield found, imports
        # For a job, what may be meant to fail is not required, but its own code in there must be right as well.
        followed = tuple(_imports(_all_imports(tree), found, is_package)) if handler.is_job else imports
        for _, wanted, parts in followed:
            waiting += [*_with_parents(wanted), *parts]


def _with_parents(module: str) -> Iterator[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]


def _import_statements(parent: ast.AST, *, inside: bool) -> Iterator[ast.stmt]:
    """Those at the top of a module, or those ``inside`` its functions and classes too."""
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        # What is in `if` or `try` may be meant to fail: for type checkers, other versions, an optional module.
        elif inside and isinstance(child, ast.stmt) and not _may_fail(child):
            yield from _import_statements(child, inside=True)


def _may_fail(statement: ast.stmt) -> bool:
    match statement:
        case ast.If() | ast.Try() | ast.TryStar():
            return True
        case ast.With(items=items):
            return any("suppress" in ast.unparse(item.context_expr) for item in items)
        case _:
            return False


def _all_imports(parent: ast.AST) -> Iterator[ast.stmt]:
    """Everywhere except where only a type checker looks."""
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _all_imports(child)


def _imports(statements: Iterable[ast.stmt], module: str, is_package: bool) -> Iterator[_Import]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield statement.lineno, alias.name, ()
        elif isinstance(statement, ast.ImportFrom):
            base = statement.module or ""
            if statement.level:
                parents = module.split(".")
                parents = parents[: len(parents) - statement.level + is_package]
                base = ".".join([*parents, *([base] if base else [])])
            if base:
                yield statement.lineno, base, tuple(f"{base}.{alias.name}" for alias in statement.names)


def _is_there(code: Code, wanted: str, offered: frozenset[str]) -> bool:
    if wanted in code.modules or wanted in code.layer:
        return True
    top = wanted.partition(".")[0]
    if top in code.modules:
        # A plain module may create modules at run time, as `six` does; a package has them as files.
        parent = next(name for name in _with_parents(wanted) if name in code.modules)
        return parent in code.sources and not code.sources[parent][0].endswith("__init__.py")
    return top in code.layer or top in sys.stdlib_module_names or top in offered or top in _ALSO_STANDARD


def no_module(code: Code, handler: Handler, where: str) -> ConfigurationError:
    """The handler's own module is neither in the wheel nor in the layer."""
    what = f"{handler.shown}: there is no module `{handler.module}` in the wheel"
    hint = _in_a_folder(code, handler, handler.module) or _did_you_mean(handler.module, sorted(code.sources), "modules")
    return ConfigurationError(where, what, hint=hint)


def _in_a_folder(code: Code, handler: Handler, module: str) -> str:
    """What helps if a module is not at the top of the code, but in a folder of it; else nothing."""
    end = f"/{module.replace('.', '/')}"
    stems = (path.removesuffix(".py").removesuffix("/__init__") for path, _ in code.sources.values())
    folders = sorted({stem.removesuffix(end) for stem in stems if stem.endswith(end)})
    if handler.is_job or not folders:
        return ""
    root = "/".join(filter(None, (handler.root, folders[0])))
    path = handler.module.replace(".", "/")
    rest = path.removeprefix(f"{folders[0]}/")
    also = f' and `handler = "{rest}.{handler.function}"`' if rest != path else ""
    found = ", ".join(f"`{folder}`" for folder in folders[:_MAX_SHOWN])
    return f'it is in {found}: where that is the top of the function\'s code, set `root = "{root}"`{also}'


def no_function(handler: Handler, functions: Iterable[str], where: str) -> ConfigurationError:
    """The handler's module exists, but not the function."""
    what = f"{handler.shown}: the module `{handler.module}` does not define `{handler.function}`"
    return ConfigurationError(where, what, hint=_did_you_mean(handler.function, sorted(functions), "functions"))


def missing_module(code: Code, handler: Handler, module: str, importer: str, where: str) -> ConfigurationError:
    """Something that the handler's module needs is missing."""
    what = f"{handler.shown}: the module `{module}` is missing; it is imported by {importer}"
    top = module.partition(".")[0]
    if top in code.modules:
        hint = _did_you_mean(module, sorted(code.sources), "modules")
    elif top in code.layer:
        hint = "another version of it is locked: renew the lock, or correct the import"
    elif handler.is_job:
        hint = f"Glue's Python {handler.python} has no `{top}`: add it to `dependencies`, then lock again"
    elif top in LACKING:
        hint = f"Lambda's Python has no {top.strip('_')}: remove its use"
    else:
        hint = f"add what provides `{top}` to `dependencies` in pyproject.toml, then lock again"
        hint = _in_a_folder(code, handler, module) or hint
    return ConfigurationError(where, what, hint=hint)


def _did_you_mean(found: str, known: list[str], kind: str) -> str:
    close = get_close_matches(found, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    if not known:
        return f"there are no {kind}: correct the handler, or the package's settings"
    shown = ", ".join(f"`{name}`" for name in known[:_MAX_SHOWN])
    more = " and more" if len(known) > _MAX_SHOWN else ""
    return f"correct the handler; there {'are' if len(known) > 1 else 'is'} {shown}{more}"
