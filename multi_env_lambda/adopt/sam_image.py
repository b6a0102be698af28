"""A function in a container image that only installs packages on AWS's image for Python: its folder is all of it.

A Dockerfile can do anything, so one is taken over only if each of its lines is understood.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Collection, Iterator, Mapping

import attrs
from packaging.requirements import InvalidRequirement, Requirement

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Place
from multi_env_lambda.model.keys.function import HANDLER

__all__ = ["Image", "dockerfile_of", "read_dockerfile"]

_BASE = re.compile(r"(?:public\.ecr\.aws/lambda/python|amazon/aws-lambda-python|aws-lambda-python):(3\.\d+)(?![\d]).*")
_TOP = frozenset(
    {".", "./", "/var/task", "/var/task/", *(f"{one}{end}" for one in ("$T", "${T}") for end in ("", "/"))}
)
"""What names the folder of the code, with ``T`` for ``LAMBDA_TASK_ROOT``."""

_PIP = re.compile(r"(?:python3?(?:\.\d+)? -m )?pip3? install (.+)")
_WITH_A_VALUE = frozenset({"-t", "--target"})
_HARMLESS = frozenset({"--no-cache-dir", "--no-cache", "--upgrade", "-U", "-q", "--quiet"})
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
_LIST = "requirements.txt"


@attrs.frozen(kw_only=True)
class Image:
    """What a Dockerfile makes.

    Args:
        root: the folder of the code, relative to the project. packages: requirements, where no list of the root has
            them. place: what says the Python.
    """

    runtime: str
    handler: str
    root: str
    packages: tuple[str, ...]
    place: Place


def dockerfile_of(node: Node) -> tuple[str, str]:
    """The folder and the name of the Dockerfile of a function, as the template says them; empty: it does not."""
    name = node.text("Metadata", "Dockerfile") or "Dockerfile"
    context = node.text("Metadata", "DockerContext")
    return (context, name) if context is not None else ("", "")


def read_dockerfile(
    text: str, file: str, context: str, command: str, files: Collection[str], lists: Mapping[str, str]
) -> Image | str:
    """What it makes; or why that is not known.

    Args:
        file, context: the Dockerfile and its folder, relative to the project. command: of the template, before its own.
        files: of the project. lists: the texts of lists of packages, by path.
    """
    runtime, place, wanted, tops = "", Place(file, 1), list[str](), [context]
    for line, word, rest in _lines(text):
        match word:
            case "FROM" if not runtime and (base := _BASE.fullmatch(rest)) is not None:
                runtime, place = f"python{base[1]}", Place(file, line)
            case "COPY" if not rest.startswith("--"):
                tops += [posixpath.normpath(f"{context}/{one}") for one in _copied_to_the_top(rest)]
            case "WORKDIR" if _plain(rest) in _TOP:
                pass
            case "RUN" if (installed := _installed(rest)) is not None:
                wanted += installed
            case "CMD":
                command = command or _command(rest)
            case "LABEL" | "MAINTAINER" | "EXPOSE":
                pass  # they say nothing about the code
            case _:
                return f"it is a container image, and {file}, line {line}, does more than to install packages: {word}"
    if not runtime or not HANDLER.accepts(command):
        return f"it is a container image, and {file} does not name an image of AWS and a handler"
    module = command.rpartition(".")[0].replace(".", "/")
    root = next((one for one in tops if posixpath.normpath(f"{one}/{module}.py") in files), None)
    if root is None:
        return f"it is a container image, and its module is not in {context}: {command}"
    packages = tuple(_packages(wanted, context, root, lists))
    return Image(runtime=runtime, handler=command, root=root, packages=packages, place=place)


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Each instruction with its line, in one line."""
    before, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not before):
            continue
        start = start if before else number
        if line.rstrip().endswith("\\"):
            before += f"{line.rstrip()[:-1]} "
            continue
        word, _, rest = " ".join((before + line).split()).partition(" ")
        before = ""
        yield start, word.upper(), rest


def _plain(text: str) -> str:
    return text.replace("LAMBDA_TASK_ROOT", "T").strip("\"'")


def _copied_to_the_top(rest: str) -> list[str]:
    """The folders of which the content becomes the top of the code."""
    *sources, target = _words(rest)
    return sources if _plain(target) in _TOP else []


def _words(text: str) -> list[str]:
    try:
        return list(json.loads(text)) if text.startswith("[") else shlex.split(text)
    except ValueError:
        return [text]


def _command(rest: str) -> str:
    words = _words(rest)
    return str(words[0]) if len(words) == 1 else ""


def _installed(rest: str) -> list[str] | None:
    """The requirements that pip installs, and the name of a list; None if something else is run."""
    found: list[str] = []
    for command in rest.split("&&"):
        told = _PIP.fullmatch(command.strip())
        words = _words(told[1]) if told is not None else []
        while words:
            match words.pop(0):
                case "-r" | "--requirement" if words and posixpath.basename(words[0]) == _LIST:
                    words.pop(0)
                    found.append(_LIST)
                case one if one in _WITH_A_VALUE and words:
                    words.pop(0)
                case one if one in _HARMLESS or one.startswith("--target=") or one in _INSTALLERS:
                    pass
                case one if _is_requirement(one):
                    found.append(one)
                case _:
                    return None
        if told is None:
            return None
    return found


def _is_requirement(text: str) -> bool:
    try:
        return not text.startswith("-") and bool(Requirement(text))
    except InvalidRequirement:
        return False


def _packages(wanted: list[str], context: str, root: str, lists: Mapping[str, str]) -> Iterator[str]:
    """The list in the root's own folder is read there."""
    for one in wanted:
        if one != _LIST:
            yield one
        elif root != context:
            text = lists.get(posixpath.normpath(f"{context}/{_LIST}"), "")
            yield from (line.strip() for line in text.splitlines() if _is_requirement(line.partition("#")[0].strip()))
