"""The parameters of a template: who gives which value to which environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Missing, Wanted
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.masking import form_of
from multi_env_lambda.model.plain_secrets import plain_secret
from multi_env_lambda.model.reading import did_you_mean
from multi_env_lambda.wording import Advice, advice

__all__ = [
    "Chosen",
    "Given",
    "check_names",
    "given_values",
    "overrides_of",
    "setting",
    "values_of",
    "wanted_of",
    "remembered",
    "without_secrets",
]

_ENTRY = re.compile(
    r"(?:(?P<environment>[a-z][a-z0-9-]*)\.)?(?P<name>(?:variable:)?[A-Za-z_][\w-]*)=(?P<value>(?s:.*))"
)
_OVERRIDE = re.compile(
    r"""(?:ParameterKey=)?["']?([A-Za-z][A-Za-z0-9]*)["']?(?:,ParameterValue)?="""
    r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']*)"""
)

_WHERE = "values for adopt"
_A_SECRET = (
    "leave a variable out, for which the unit gets a secret of its own; give a parameter the reference to one: "
    "`{{resolve:secretsmanager:NAME}}`"
)

Given = Mapping[str, Mapping[str, str]]
"""Environment -> parameter -> value; "" holds for all environments."""


def setting(*entries: str) -> Advice:
    """How values are given."""
    typed = " ".join(f"--set {entry}" for entry in entries)
    python = ", ".join(f'"{entry}"' for entry in entries)
    return advice("give it with `{}`", Advice(typed, f"values=[{python}]"))


def given_values(entries: Iterable[str], environments: Iterable[str]) -> dict[str, dict[str, str]]:
    """What ``NAME=VALUE`` and ``ENVIRONMENT.NAME=VALUE`` say.

    Raises:
        ConfigurationError: an entry is neither, names no environment, or has a value with the form of a secret.
    """
    known = list(environments)
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            what = f"found `{entry}`; expected `NAME=VALUE` or `ENVIRONMENT.NAME=VALUE`"
            raise ConfigurationError(_WHERE, what, hint="for example `prod.Stage=production`")
        environment = match["environment"] or ""
        if environment and environment not in known:
            what = f"there is no environment `{environment}`"
            raise ConfigurationError(f"{_WHERE} {entry}", what, hint=did_you_mean(environment, known))
        if (form := form_of(match["value"])) is not None:
            what = f"the value of `{match['name']}` is {form}, and what is given here is written into files"
            raise ConfigurationError(_WHERE, what, hint=_A_SECRET)
        found.setdefault(environment, {})[match["name"]] = match["value"]
    return found


def overrides_of(samconfig: Mapping[str, Any], environments: Iterable[str]) -> dict[str, dict[str, str]]:
    """The ``parameter_overrides`` of a ``samconfig.toml``: those of ``default`` hold for all environments, and those of
    another name for the environment that is called so."""
    found = {}
    for name in ("default", *environments):
        table = samconfig.get(name)
        both: dict[str, str] = {}
        for command in ("global", "deploy"):
            section = table.get(command) if isinstance(table, Mapping) else None
            parameters = section.get("parameters") if isinstance(section, Mapping) else None
            both |= _overrides(parameters.get("parameter_overrides") if isinstance(parameters, Mapping) else None)
        if both:
            found["" if name == "default" else name] = both
    return found


def _overrides(value: Any) -> dict[str, str]:
    """As ``sam deploy`` takes them: one text, or a list of texts."""
    text = " ".join(str(one) for one in value) if isinstance(value, list) else str(value or "")
    return {name: _unquoted(found) for name, found in _OVERRIDE.findall(text)}


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text


def check_names(template: Node | None, given: Given) -> None:
    """That each value is for a parameter of the template; there is none without a template.

    Raises:
        ConfigurationError: one is not.
    """
    known = [] if template is None else [one.name for one in wanted_of(template)]
    for table in given.values():
        for name in table:
            if name not in known and ":" not in name:
                what = f"there is no parameter `{name}`"
                hint = did_you_mean(name, known) if known else "leave it out"
                raise ConfigurationError(_WHERE, what, hint=hint)


def without_secrets(template: Node, given: Given) -> dict[str, dict[str, str]]:
    """Without the values of parameters with ``NoEcho``, which get into no file."""
    secret = {one.name for one in wanted_of(template) if one.secret}
    return {
        environment: {name: value for name, value in table.items() if name not in secret}
        for environment, table in given.items()
    }


def remembered(given: Given) -> dict[str, dict[str, str]]:
    """What may be kept in a file: not what is a secret by its form, or by the name of its parameter."""
    return {
        environment: {name: value for name, value in table.items() if plain_secret(_words(name), value) is None}
        for environment, table in given.items()
    }


def _words(name: str) -> str:
    """A name as those of variables are: of ``env:DB_PASSWORD`` the end, and ``dbApiKey`` with its words apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.split(r"[.:/]", name)[-1])


def wanted_of(template: Node) -> tuple[Wanted, ...]:
    """The parameters of a template."""
    return tuple(_wanted(template))


def _wanted(template: Node) -> Iterator[Wanted]:
    parameters = template.get("Parameters")
    for name, node in parameters.table.items() if parameters is not None else ():
        default, allowed = node.get("Default"), node.get("AllowedValues")
        yield Wanted(
            name=name,
            place=node.place,
            default=None if default is None or default.value is None else _text(default.value),
            allowed=tuple(_text(one.value) for one in allowed.items) if allowed is not None else (),
            about=str(node.text("Description") or ""),
            secret=any(_text(one.value) == "true" for one in (node.get("NoEcho"),) if one is not None),
        )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@attrs.frozen(kw_only=True)
class Chosen:
    """The values of one environment by parameter; some are the template's defaults, and some are read from secrets."""

    values: Mapping[str, Any]
    defaults: tuple[Wanted, ...]
    secrets: tuple[Wanted, ...] = ()


def values_of(
    template: Node, given: Given, environments: Iterable[str], unit: str
) -> tuple[dict[str, Chosen], tuple[Missing, ...]]:
    """The values by environment, and what nobody has given.

    Raises:
        ConfigurationError: a given value is not one of those that the template allows.
    """
    wanted = wanted_of(template)
    found: dict[str, Chosen] = {}
    missing: dict[str, list[str]] = {}
    for environment in environments:
        said = {**given.get("", {}), **given.get(environment, {})}
        values: dict[str, Any] = {}
        for one in wanted:
            if one.secret:
                values[one.name] = f"{{{{resolve:secretsmanager:{unit}/{one.name}}}}}"
                continue
            value = said.get(one.name, one.default)
            if value is None:
                missing.setdefault(one.name, []).append(environment)
                continue
            if one.allowed and value not in one.allowed:
                what = (
                    f"found `{value}` for `{one.name}` in {environment}; the template allows {', '.join(one.allowed)}"
                )
                raise ConfigurationError(str(one.place), what, hint=setting(f"{environment}.{one.name}=…"))
            kind = str(template.text("Parameters", one.name, "Type") or "String")
            values[one.name] = _typed(value, kind)
        found[environment] = Chosen(
            values=values,
            secrets=tuple(one for one in wanted if one.secret),
            defaults=tuple(
                one for one in wanted if one.name not in said and one.default is not None and not one.secret
            ),
        )
    by_name = {one.name: one for one in wanted}
    return found, tuple(Missing(wanted=by_name[name], environments=tuple(where)) for name, where in missing.items())


def _typed(value: str, kind: str) -> Any:
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        return f"{{{{resolve:ssm:{value}}}}}"
    if kind.startswith(("List<", "CommaDelimitedList")):
        return [one.strip() for one in value.split(",")]
    return value
