"""Completes what the pages about the Python API say of each method: all parameters, what it returns, and an example.

Texts that many methods share are in the table of the page. What belongs to one method only, and its example, is in
``docs/source/04-Reference/python/CLASS.inc``, since a class with forty methods would not be readable with it. A test
runs the examples.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from pydoc import locate
from typing import Any

import attrs

REFERENCE = Path(__file__).parent / "source" / "04-Reference"
PAGE = REFERENCE / "api.rst"
FOLDER = REFERENCE / "python"
SECTIONS = ("Args", "Returns", "Raises")
HANDLES = ("Workspace", "Project", "Environment", "Function", "Job")
"""The classes whose methods find units and environments by name."""
MADE_HERE = ("Build", "SourceArtifact", "LayerArtifact", "Asked", "LocalCloudSwitch", "Adoption")
"""Other classes that nobody but this library makes."""
ALIASES = {
    "EnvironmentConfig": "multi_env_lambda.model.environment.Environment",
    "ProjectConfig": "multi_env_lambda.model.project.Project",
    "Layer": "multi_env_lambda.model.artifact.LayerArtifact",
    "Source": "multi_env_lambda.model.artifact.SourceArtifact",
}
"""What a module calls a class that has a name of its own there -> where its page has it."""
UNIONS = {
    "Names": "str | Sequence[str]",
    "Saved": "Plan | Removal | Mapping[str, Any] | str | os.PathLike[str]",
    "Advice": "str",
}
"""What the code calls several types -> those."""
FOUND_BY_NAME = {
    **dict.fromkeys(("names", "units", "name"), "unit"),
    **dict.fromkeys(("environment", "left", "right"), "environment"),
}
"""Parameter of theirs -> what there may be none of under that name."""
OF_ANY_NAME = ("Workspace.unit",)


@cache
def shared() -> dict[str, str]:
    """Parameter -> what it means in every method that does not say otherwise."""
    text = PAGE.read_text("utf-8").partition("Arguments that many methods have")[2]
    return dict(re.findall(r"^``(\w+)``  +(\S.*)$", text, re.MULTILINE))


def meaning(name: str, method: str, *, optional: bool) -> str:
    """The part of what holds for many methods that is about this one.

    >>> meaning("to", "deploy", optional=True), meaning("to", "plan_rollback", optional=True)
    ('go through all environments up to this one', 'the release, by digest or version')
    """
    text, _, special = shared()[name].partition("; for a ")
    verb, _, other = special.partition(": ")
    if verb and verb in method:
        return other
    always, _, alone = text.partition("; if it may be left out: ")
    return f"{always}; if it is left out, {alone}" if alone and optional else always


def texts_of_pages() -> str:
    """All pages about the Python API, one after the other."""
    return "\n".join(path.read_text("utf-8") for path in sorted(REFERENCE.glob("api*.rst")))


@cache
def written(name: str) -> dict[str, list[str]]:
    """Method -> the lines about it in the file of a class; those about the class itself have its name."""
    path = FOLDER / f"{name}.inc"
    if not path.is_file():
        return {}
    parts = re.split(r"^(\w+)\n-+\n", path.read_text("utf-8"), flags=re.MULTILINE)
    return {title: text.strip("\n").splitlines() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def sections_of(lines: list[str]) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """(what comes before them, the lines of each section, the example) of a docstring or of a part of a file."""
    before: list[str] = []
    found: dict[str, list[str]] = {}
    example: list[str] = []
    current = before
    for line in lines:
        title = re.fullmatch(rf"({'|'.join(SECTIONS)}):", line)
        if title:
            current = found.setdefault(title[1], [])
        elif line.startswith(">>>") or (current is example and line.strip()):
            current = example
            example.append(line)
        elif current is not example or example:
            current.append(line)
    return before, found, example


def parameters_of(method: Any) -> list[str]:
    """The names in its signature, without that of the object itself."""
    try:
        names = inspect.signature(inspect.unwrap(getattr(method, "__func__", method))).parameters
    except (TypeError, ValueError):
        return []
    return [name for name in names if name not in ("self", "cls")]


def optional_of(method: Any) -> set[str]:
    """The names of its parameters that have a default."""
    try:
        found = inspect.signature(inspect.unwrap(getattr(method, "__func__", method))).parameters.values()
    except (TypeError, ValueError):
        return set()
    return {one.name for one in found if one.default is not one.empty}


def described(lines: list[str]) -> set[str]:
    """The parameters that the lines of a section describe."""
    return {name for line in lines if (found := re.match(r"    (\w[\w, ]*):", line)) for name in found[1].split(", ")}


def in_order(arguments: list[str], parameters: list[str]) -> list[str]:
    """The same descriptions in the order of the signature; each may have more lines, which are indented deeper."""
    entries: list[list[str]] = []
    for line in filter(str.strip, arguments):
        if re.match(r"    \w", line) or not entries:
            entries.append([])
        entries[-1].append(line)
    place = {name: number for number, name in enumerate(parameters)}
    entries.sort(key=lambda entry: min((place.get(name, -1) for name in described(entry[:1])), default=-1))
    return [line for entry in entries for line in entry]


def completed(
    owner: str, method: str, doc: list[str], parameters: list[str], optional: Collection[str] = ()
) -> list[str]:
    """A docstring with every section; ``optional``: the parameters that have a default."""
    before, found, example = sections_of(doc)
    more, added, shown = sections_of(written(owner).get(method, []))
    arguments = [*found.get("Args", []), *added.get("Args", [])]
    known = described(arguments)
    arguments += [
        f"    {name}: {meaning(name, method, optional=name in optional)}."
        for name in parameters
        if name not in known and name in shared()
    ]
    raises = [*found.get("Raises", []), *added.get("Raises", [])]
    parts = {
        "Args": in_order(arguments, parameters),
        "Returns": [*found.get("Returns", []), *added.get("Returns", [])],
        "Raises": [*raises, *not_found(f"{owner}.{method}", parameters, raises)],
    }
    lines = [*_trimmed(before), *([""] if more else []), *_trimmed(more)]
    for title, content in parts.items():
        if any(line.strip() for line in content):
            lines += ["", f"{title}:", *(line for line in content if line.strip())]
    shown = [*_trimmed(example), *([""] if example and shown else []), *_trimmed(shown)]
    return [*lines, *(["", "Example:", *(f"    {line}".rstrip() for line in shown)] if shown else []), ""]


def errors_in(raises: list[str]) -> set[str]:
    """The errors that the lines of a section name; one line may name several."""
    return {
        name for line in raises if (found := re.match(r"    (\w+(, \w+)*): ", line)) for name in found[1].split(", ")
    }


def not_found(title: str, parameters: list[str], raises: list[str]) -> list[str]:
    """A method that finds units or environments by name raises this, unless it says something more exact."""
    words = sorted({FOUND_BY_NAME[name] for name in parameters if name in FOUND_BY_NAME}, reverse=True)
    if not words or title.partition(".")[0] not in HANDLES or title in OF_ANY_NAME:
        return []
    known = "ConfigurationError" in errors_in(raises)
    return [] if known else [f"    ConfigurationError: there is no such {' or '.join(words)}."]


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(lines).strip("\n").splitlines()


def public_name(path: str) -> str:
    """The name of a public class, wherever its page has it from; empty for another class, even of the same name."""
    import multi_env_lambda

    name = path.rpartition(".")[2]
    public = getattr(multi_env_lambda, name, None)
    return name if public is not None and locate(path) is public else ""


def process(_: Any, what: str, name: str, public: Any, __: Any, lines: list[str]) -> None:
    """Called by autodoc with each docstring, before napoleon reads its sections."""
    path, _, method = name.rpartition(".")
    owner = public_name(name if what == "class" else path)
    if what in ("class", "method", "property", "attribute") and method in written(owner):
        parameters, optional = (parameters_of(public), optional_of(public)) if what == "method" else ([], set[str]())
        lines[:] = completed(owner, method, lines, parameters, optional)
    elif what == "method" and parameters_of(public):
        lines[:] = completed(owner, method, lines, parameters_of(public), optional_of(public))


def signature(
    _: Any, what: str, name: str, public: Any, options: Any, arguments: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Without the arguments of what only this library makes, and with names for unions of types spelled out."""
    if what == "class" and name.rpartition(".")[2] in (*HANDLES, *MADE_HERE):
        return "", None
    return spelled(with_defaults(public, arguments)), spelled(returned)


def with_defaults(public: Any, arguments: str | None) -> str | None:
    """Autodoc reads defaults from the source, and the ``__init__`` that attrs writes looks them up in a dictionary."""
    return arguments and re.sub(
        r"attr_dict\['(\w+)'\]\.default", lambda found: repr(attrs.fields_dict(public)[found[1]].default), arguments
    )


def spelled(text: str | None) -> str | None:
    """
    >>> spelled("(names: Names, plan: ~x.Plan) -> None")
    '(names: str | Sequence[str], plan: ~x.Plan) -> None'
    """
    for name, union in UNIONS.items():
        text = text and re.sub(rf"(?<![\w.]){name}(?!\w)", union, text)
    return text


def linked(app: Any, environment: Any, node: Any, content: Any) -> Any:
    """Annotations name a class by the module that defines it, or as that module calls it; pages by its public name."""
    import multi_env_lambda

    path = ALIASES.get(node.get("reftarget", ""), node.get("reftarget", ""))
    name = path.rpartition(".")[2]
    public = f"multi_env_lambda.{name}" if name in multi_env_lambda.__all__ and path != name else path
    if node.get("refdomain") != "py" or public == node["reftarget"]:
        return None
    objects = environment.get_domain("py")
    return objects.resolve_xref(environment, node["refdoc"], app.builder, "class", public, node, content)


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-process-signature", signature)
    app.connect("missing-reference", linked, priority=400)
    return {"parallel_read_safe": True}
