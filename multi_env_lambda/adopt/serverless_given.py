"""The values that a service of Serverless is given when somebody deploys it: who gives which to which environment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Missing, Wanted
from multi_env_lambda.adopt.serverless import Files, Placed, wanted_values
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.wording import Advice, advice

__all__ = ["chosen_for", "given_to_service", "is_service", "missing_values", "refusal"]

_ENTRY = re.compile(
    r"(?:(?P<environment>[a-z][a-z0-9-]*)\.)?(?P<name>stage|[A-Za-z][\w-]*[:(][^=]+)=(?P<value>(?s:.*))"
)
_WHOLE_FILE = re.compile(r"file\(([^()]+\.(?:ya?ml|json))\)")
"""A table, which no text can be given for."""
_WHERE = "values for adopt"
_EXAMPLE = "for example `env:TABLE=orders`, `prod.param:size=1024` or `sandbox.stage=dev`"


def is_service(document: Node | None) -> bool:
    """Whether it is the file of a service."""
    return document is not None and {"service", "provider"} <= set(document.table)


def given_to_service(entries: Iterable[str], environments: Sequence[str]) -> dict[str, dict[str, str]]:
    """What ``NAME=VALUE`` and ``ENVIRONMENT.NAME=VALUE`` say; a name is a variable, without ``${`` and ``}``.

    Raises:
        ConfigurationError: an entry is neither, names no environment, or gives a secret.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            shown = entry.partition("=")[0]
            what = f"found `{shown}=…`; expected `VARIABLE=VALUE` or `ENVIRONMENT.VARIABLE=VALUE`"
            raise ConfigurationError(_WHERE, what, hint=_EXAMPLE)
        environment, name = match["environment"] or "", match["name"]
        if environment and environment not in environments:
            what = f"there is no environment `{environment}`"
            raise ConfigurationError(_WHERE, what, hint=f"there is {', '.join(environments)}")
        if plain_secret(re.split(r"[:./]", name)[-1], match["value"]) is not None:
            what = f"`{name}` is a secret, and what is given here is written into files"
            hint = "leave it out: the unit gets a secret of its own, whose value you set after the first deploy"
            raise ConfigurationError(_WHERE, what, hint=hint)
        found.setdefault(environment, {})[name] = match["value"]
    return found


def chosen_for(given: Mapping[str, Mapping[str, str]], environment: str) -> dict[str, str]:
    """What counts in one environment."""
    return {**given.get("", {}), **given.get(environment, {})}


def missing_values(
    root: Node, places: Iterable[Placed], given: Mapping[str, Mapping[str, str]], files: Files
) -> tuple[Missing, ...]:
    """What somebody still has to give, and for which environments."""
    wanted: dict[str, Wanted] = {}
    lacking: dict[str, list[str]] = {}
    for place in places:
        for one in wanted_values(root, place, chosen_for(given, place.environment), files):
            wanted.setdefault(one.name, one)
            lacking.setdefault(one.name, []).append(place.environment)
    return tuple(Missing(wanted=one, environments=tuple(lacking[name])) for name, one in wanted.items())


def refusal(missing: Sequence[Missing], source: str, environments: int) -> ConfigurationError:
    """All of them at once, each with its line, and how to give them."""
    lines, entries = [], []
    for one in missing:
        everywhere = len(one.environments) == environments
        where = "" if everywhere else f" for {', '.join(one.environments)}"
        lines.append(f"{one.wanted.place} `${{{one.wanted.name}}}`{where}: {one.wanted.about}")
        entries += _entries(one, everywhere)
    entries = list(dict.fromkeys(entries))
    files = list(dict.fromkeys(found[1] for one in missing if (found := _WHOLE_FILE.fullmatch(one.wanted.name))))
    what = f"{'a value is' if len(missing) == 1 else f'{len(missing)} values are'} not known here: {'; '.join(lines)}"
    typed = " ".join(f"--set {shlex.quote(entry)}" if "(" in entry else f"--set {entry}" for entry in entries)
    python = ", ".join(f'"{entry}"' for entry in entries)
    written = " and ".join(f"`{file}`" for file in files)
    if not entries:
        return ConfigurationError(source, what, hint=f"write {written}, which is not in the repository")
    sentence = f"write {written}, and give the rest with `{{}}`" if files else "give it with `{}`"
    return ConfigurationError(source, what, hint=advice(sentence, Advice(typed, f"values=[{python}]")))


def _entries(missing: Missing, everywhere: bool) -> list[str]:
    """How to give it. What is called after the environment is there for each stage: the stage is what is missing."""
    name = missing.wanted.name
    stages = [one for one in missing.environments if _is_of_stage(name, one)]
    if not stages and _WHOLE_FILE.fullmatch(name):
        return []
    if everywhere and not stages:
        return [f"{name}=…"]
    return [f"{one}.stage=…" if one in stages else f"{one}.{name}=…" for one in missing.environments]


def _is_of_stage(name: str, environment: str) -> bool:
    """A file with the name in its own, or a part of the service that is called so."""
    if name.startswith("file("):
        return environment in name
    return name.startswith("self:") and environment in re.split(r"[.:]", name)
