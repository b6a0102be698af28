"""A template of SAM or CloudFormation with what is around it, and which functions of it can be taken over."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping

import attrs

from multi_env_lambda.adopt.cfn_values import Values
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import NotCarried
from multi_env_lambda.adopt.modules import line_of_python2, path_of
from multi_env_lambda.adopt.sam_globals import with_globals
from multi_env_lambda.adopt.sam_image import Image, dockerfile_of, read_dockerfile
from multi_env_lambda.adopt.sam_layers import has_files, path_in
from multi_env_lambda.model.keys.function import HANDLER
from multi_env_lambda.model.runtime import RUNTIMES

__all__ = ["FUNCTION_KINDS", "Source", "code_folder", "is_template", "is_there", "python_functions", "resources_of"]

_ARCHIVES = (".zip", ".jar")
FUNCTION_KINDS = ("AWS::Serverless::Function", "AWS::Lambda::Function")


@attrs.frozen(kw_only=True)
class Source:
    """A template, and what is around it.

    Args:
        unit, folder: the unit's name, and its folder, relative to the top of the repository.
        files: all files of the project, relative to its folder. at: the folder of the template in it.
        crowded: whether two environments have the same account and region.
        text: of one of them; None if there is none.
        packages: the files of installed packages, which are not among ``files``.
        runtimes: that AWS creates functions with; the first one is taken if the template has none of them.
    """

    template: Node
    unit: str
    folder: str
    environments: tuple[str, ...]
    files: frozenset[str]
    crowded: bool
    at: str
    text: Callable[[str], str | None]
    packages: frozenset[str] = frozenset()
    runtimes: tuple[str, ...] = RUNTIMES


def is_template(document: Node) -> bool:
    """Whether a document has functions of SAM or CloudFormation."""
    resources = document.get("Resources")
    kinds = {node.text("Type") for node in resources.table.values()} if resources is not None else set()
    return not kinds.isdisjoint(FUNCTION_KINDS)


def resources_of(template: Node) -> Mapping[str, Node]:
    found = template.get("Resources")
    return {} if found is None else {name: node for name, node in found.table.items() if not name.startswith("Fn::")}


def is_there(node: Node, values: Values) -> bool:
    condition = node.text("Condition")
    return condition is None or values.holds(condition, node)


def python_functions(
    source: Source, resources: Mapping[str, Node], values: Values, left: list[NotCarried], images: dict[str, Image]
) -> Iterable[tuple[str, dict[str, Node]]]:
    """Those in Python, with the properties of ``Globals``; the others are said.

    ``images`` gets those that were in a container image and need none.
    """
    for name, node in resources.items():
        kind = node.text("Type")
        if kind not in FUNCTION_KINDS:
            continue
        globals_ = source.template.get("Globals", "Function") if kind == FUNCTION_KINDS[0] else None
        properties = with_globals(globals_, node.get("Properties"))
        image: Image | str | None = None
        if values.of(properties.get("PackageType")) == "Image" or "ImageUri" in properties:
            image = _image(source, node, properties, values)
            if isinstance(image, Image):
                images[name] = image
                properties = _as_a_folder(properties, image, source.at)
        reason = image if isinstance(image, str) else _why_not(properties, values, source)
        if reason:
            left.append(NotCarried(function=name, what="the function", place=node.place, reason=reason))
        else:
            yield name, properties


def _image(source: Source, node: Node, properties: Mapping[str, Node], values: Values) -> Image | str:
    context, name = dockerfile_of(node)
    folder = path_in(source.at, context) if context else None
    if folder is None:
        return "it is a container image, and the template does not name the folder of its Dockerfile"
    file = posixpath.normpath(f"{folder}/{name}")
    text = source.text(file)
    if text is None:
        return f"it is a container image, and its Dockerfile is not there: {file}"
    config = values.of(properties.get("ImageConfig"))
    command = config.get("Command") if isinstance(config, Mapping) else None
    if config and (not isinstance(command, list) or len(command) != 1 or len(config) > 1):
        return "it is a container image, and `ImageConfig` says more than its handler"
    list_file = posixpath.normpath(f"{folder}/requirements.txt")
    lists = {list_file: source.text(list_file) or ""}
    return read_dockerfile(text, file, folder, str(command[0]) if command else "", source.files, lists)


def _as_a_folder(properties: Mapping[str, Node], image: Image, at: str) -> dict[str, Node]:
    """The properties that a function without an image has."""
    said = {"Runtime": image.runtime, "Handler": image.handler, "CodeUri": posixpath.relpath(image.root, at)}
    own = {name: Node(value, image.place.line, image.place.file) for name, value in said.items()}
    gone = ("PackageType", "ImageUri", "ImageConfig", "Runtime", "Handler", "CodeUri", "Code")
    return {**{name: node for name, node in properties.items() if name not in gone}, **own}


def _why_not(properties: Mapping[str, Node], values: Values, source: Source) -> str:
    """Why a function cannot be taken over; empty if it can."""
    runtime, handler = values.of(properties.get("Runtime")), values.of(properties.get("Handler"))
    if not isinstance(runtime, str) or not runtime.startswith("python"):
        return f"its runtime is {runtime}: only functions in Python can be units"
    if not isinstance(handler, str) or not HANDLER.accepts(handler):
        return f"its handler is {handler}; expected {HANDLER.allowed}"
    code = values.of(properties.get("CodeUri") or properties.get("Code"))
    if isinstance(code, str) and code_folder(source, properties, values) is None:
        is_folder = "://" not in code and not code.endswith(_ARCHIVES) and path_in(source.at, code) is not None
        if is_folder:
            return f"its code is not there: {code}"
        return f"its code is {code}: only a folder of the project can be taken over"
    if isinstance(code, Mapping) and "ZipFile" not in code and "InlineCode" not in properties:
        return "its code is in a bucket: get it from there, and name its folder"
    return _why_not_its_module(properties, values, source, handler)


def _why_not_its_module(properties: Mapping[str, Node], values: Values, source: Source, handler: str) -> str:
    folder = code_folder(source, properties, values)
    if folder is None or "InlineCode" in properties:
        return ""
    path = posixpath.normpath(f"{folder}/{path_of(handler)}.py")
    line = line_of_python2(source.text(path) or "")
    return f"its module is written in Python 2, which AWS no longer runs: {path}, line {line}" if line else ""


def code_folder(source: Source, properties: Mapping[str, Node], values: Values) -> str | None:
    """The folder of a function's code, relative to the project; None if that has none.

    Where the template names what some build makes, it is the one folder from which the handler's module is found.
    """
    code = values.of(properties.get("CodeUri") or properties.get("Code"))
    code = code if isinstance(code, str) else "."
    folder = path_in(source.at, code)
    if "://" in code or folder is None:
        return None
    if not code.endswith(_ARCHIVES) and has_files(source.files, folder):
        return folder
    module = path_of(str(values.of(properties["Handler"])))
    ends = (f"{module}.py", f"{module}/__init__.py")
    found = {path.removesuffix(end) for path in source.files for end in ends if f"/{path}".endswith(f"/{end}")}
    return (found.pop().rstrip("/") or ".") if len(found) == 1 else None
