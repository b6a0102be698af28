"""Typed reading of TOML tables: every error has file, table and key, what was found, what was expected, and a hint."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.masking import MASKED, says_secret
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.key import (
    ByName,
    Choice,
    Either,
    Flag,
    Inner,
    Inners,
    Keys,
    Number,
    NumberOf,
    Text,
    Texts,
)
from multi_env_lambda.model.nearest import did_you_mean, enumerated
from multi_env_lambda.model.rule import Rule

__all__ = ["Rule", "Table", "did_you_mean", "enumerated", "merge", "shown", "substitute"]

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NOTHING: Mapping[str, object] = {}
_Kind = TypeVar("_Kind", Text, Choice, Number, NumberOf, Flag, Texts)


def shown(value: object) -> str:
    """A value as a person would have written it, cut if it is long."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = str(value).lower()
    return text if len(text) <= 80 else f"{text[:77]}…"


def no_such_unit(name: str, known: Iterable[str], *, where: str = "units") -> ConfigurationError:
    """The error about a name that is neither a folder's nor in a record."""
    return ConfigurationError(where, f"there is no unit `{name}`", hint=did_you_mean(name, known))


def merge(
    base: Mapping[str, object], difference: Mapping[str, object], *, whole: Iterable[tuple[str, ...]] = ()
) -> dict[str, object]:
    """``base`` with the changes of ``difference``: tables are merged, everything else is replaced.

    ``whole`` are paths of tables that are replaced as a whole (``*`` is any key), because half of each makes no sense.
    """
    merged = dict(base)
    for key, value in difference.items():
        below = [path[1:] for path in whole if path and path[0] in (key, "*")]
        known = base.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping) and () not in below:
            merged[key] = merge(known, value, whole=below)
        else:
            merged[key] = value
    return merged


def _written(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else f'"{key}"'


def _joined(path: str, key: str) -> str:
    return f"{path}.{_written(key)}" if path else _written(key)


@attrs.frozen(kw_only=True)
class Table:
    """One table of a TOML file (``where``) under its dotted ``path``.

    ``difference`` is the part of it that one environment has under ``difference_path``; errors point there if the value
    is there. ``declared`` says what its keys are; what is read without more is read as declared.
    """

    where: str
    path: str
    values: Mapping[str, object]
    difference: Mapping[str, object] = _NOTHING
    difference_path: str = ""
    declared: Keys | None = None

    def of(self, declared: Keys) -> Table:
        """The same table as one with these keys."""
        return attrs.evolve(self, declared=declared)

    def _kind(self, key: str, kind: type[_Kind]) -> _Kind:
        if self.declared is None:
            raise LookupError(f"{self.path}: nothing is declared about `{key}`")
        found = self.declared.kind(key)
        kinds = found.kinds if isinstance(found, Either) else (found,)
        return next(one for one in kinds if isinstance(one, kind))

    def rule(self, key: str) -> Rule:
        """What a text under this key must look like."""
        rule = self._kind(key, Text).rule
        assert rule is not None, key
        return rule

    @property
    def keys(self) -> tuple[str, ...]:
        """The declared keys."""
        return () if self.declared is None else self.declared.names

    def location(self, key: str = "") -> str:
        path = self.difference_path if key in self.difference else self.path
        return f"{self.where} [{path}] {key}".strip().replace(" []", "")

    def refuse(self, key: str, what: str, *, hint: str) -> NoReturn:
        raise ConfigurationError(self.location(key), what, hint=hint)

    def wrong(self, key: str, *, allowed: str, hint: str) -> NoReturn:
        found = MASKED if says_secret(key) else shown(self.values.get(key))
        self.refuse(key, f"found {found}; expected {allowed}", hint=hint)

    def allow(
        self,
        keys: Iterable[str] | None = None,
        *,
        elsewhere: Mapping[str, str] = {},  # noqa: B006 - never written
    ) -> None:
        """Refuse every key that is not declared; ``elsewhere`` says where the keys of other tables belong."""
        allowed = self.keys if keys is None else tuple(keys)
        for key in self.values:
            if key not in allowed:
                hint = elsewhere.get(key) or did_you_mean(key, allowed, listed=True)
                self.refuse(key, f"unknown key `{key}`; expected {enumerated(sorted(allowed)) or 'nothing'}", hint=hint)

    def has(self, key: str) -> bool:
        """Whether the key is present and not switched off with ``false``."""
        return self.values.get(key, False) is not False

    def require(self, key: str, *, hint: str = "") -> object:
        if key not in self.values:
            self.refuse(key, f"`{key}` is missing", hint=hint or f"add `{_written(key)} = …` to this table")
        return self.values[key]

    # --- texts ---
    def text(self, key: str, *, hint: str = "") -> str:
        value = self.require(key, hint=hint)
        if not isinstance(value, str):
            self.wrong(key, allowed="text", hint=hint or f'write it in quotes: `{_written(key)} = "…"`')
        return value

    def text_or(self, key: str, default: str | None = None) -> str:
        if key in self.values:
            return self.text(key)
        return (self._kind(key, Text).default or "") if default is None else default

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def choice(self, key: str, allowed: Iterable[str] | None = None, default: str | None = None) -> str:
        if allowed is None:
            kind = self._kind(key, Choice)
            allowed, default = kind.words, kind.default if default is None else default
        words = tuple(allowed)
        found = self.text_or(key, default or "")
        if found not in words:
            self.wrong(
                key, allowed=enumerated(shown(word) for word in words), hint=did_you_mean(found, words, listed=True)
            )
        return found

    def named(self, key: str, rule: Rule | None = None) -> str:
        found, rule = self.text(key), rule or self._kind(key, Text).rule
        if rule is not None and not rule.accepts(found):
            self.wrong(key, allowed=rule.allowed, hint=rule.hint)
        return found

    def named_or(self, key: str, rule: Rule | None = None, default: str | None = None) -> str:
        return self.named(key, rule) if key in self.values else self.text_or(key, default)

    def optional_named(self, key: str, rule: Rule | None = None) -> str | None:
        return self.named(key, rule) if self.has(key) else None

    # --- lists ---
    def items(self, key: str) -> tuple[object, ...]:
        value = self.values.get(key, ())
        if not isinstance(value, list | tuple):
            self.wrong(key, allowed="a list", hint=f"write `{_written(key)} = [ … ]`")
        return tuple(value)

    def texts(
        self, key: str, *, rule: Rule | None = None, least: int | None = None, twice: bool = False
    ) -> tuple[str, ...]:
        """A list of texts; none may stand there twice, unless that is said."""
        if self.declared is not None:
            kind = self._kind(key, Texts)
            rule, twice = rule or kind.rule, kind.twice
            least = kind.least if least is None else least
            if key not in self.values and kind.default:
                return kind.default
        found: list[str] = []
        for number, item in enumerate(self.items(key)):
            if not isinstance(item, str):
                self.refuse(f"{key}[{number}]", f"found {shown(item)}; expected text", hint="write it in quotes")
            if rule and not rule.accepts(item):
                self.refuse(f"{key}[{number}]", f"found {shown(item)}; expected {rule.allowed}", hint=rule.hint)
            if item in found and not twice:
                self.refuse(f"{key}[{number}]", f"{shown(item)} is listed twice", hint="remove one of them")
            found.append(item)
        if len(found) < (least or 0):
            self.refuse(key, f"found {len(found)} entries; expected {least} or more", hint="add the missing entries")
        return tuple(found)

    # --- numbers and flags ---
    def number(self, key: str, low: int | None = None, high: int | None = None, default: int | None = None) -> int:
        if low is None or high is None or default is None:
            kind = self._kind(key, Number)
            low, high = kind.low if low is None else low, kind.high if high is None else high
            default = kind.default if default is None else default
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            hint = "write the number without quotes" if isinstance(value, str) else "choose a number in that range"
            self.wrong(key, allowed=f"a whole number from {low} to {high}", hint=hint)
        return value

    def optional_number(self, key: str, low: int | None = None, high: int | None = None) -> int | None:
        return self.number(key, low, high) if self.has(key) else None

    def one_of_numbers(self, key: str, allowed: Iterable[float] | None = None, default: float | None = None) -> float:
        if allowed is None or default is None:
            kind = self._kind(key, NumberOf)
            allowed, default = kind.numbers, kind.default
        words = tuple(allowed)
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in words:
            self.wrong(key, allowed=enumerated(words), hint="use one of these numbers, without quotes")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self.values.get(key, self._kind(key, Flag).default if default is None else default)
        if not isinstance(value, bool):
            self.wrong(key, allowed="true or false", hint="write it in lower case without quotes")
        return value

    # --- tables ---
    def table(self, key: str) -> Table:
        """The table under this key; an empty one if there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, Mapping):
            self.wrong(
                key, allowed="a table", hint=f"write `[{_joined(self.path, key)}]`, or `{_written(key)} = {{ … }}`"
            )
        below = self.difference.get(key, {})
        path, other = self.path, _joined(self.difference_path, key) if self.difference_path else ""
        return Table(
            where=self.where,
            path=other if key in self.difference and not isinstance(below, Mapping) else _joined(path, key),
            values=value,
            difference=below if isinstance(below, Mapping) else {},
            difference_path=other,
            declared=self._inner(key),
        )

    def _inner(self, key: str) -> Keys | None:
        """The keys of the table under this key; None also for an unknown key, which is refused later."""
        if self.declared is None or (key not in self.declared.names and self.declared.every is None):
            return None
        found = self.declared.kind(key)
        for kind in found.kinds if isinstance(found, Either) else (found,):
            if isinstance(kind, Inner | Inners):
                return kind.keys
            if isinstance(kind, ByName):
                return Keys(title="", header=key, every=kind.each)
        return None

    def tables(self, key: str) -> tuple[Table, ...]:
        """The list of tables under this key."""
        found = self.items(key)
        path, declared = self.difference_path if key in self.difference else self.path, self._inner(key)
        for number, item in enumerate(found):
            if not isinstance(item, Mapping):
                hint = f"write `{_written(key)} = [{{ … }}]`"
                self.refuse(f"{key}[{number}]", f"found {shown(item)}; expected a table", hint=hint)
        return tuple(
            Table(where=self.where, path=f"{_joined(path, key)}[{number}]", values=item, declared=declared)
            for number, item in enumerate(found)
            if isinstance(item, Mapping)
        )

    def subtables(self, key: str) -> tuple[tuple[str, Table], ...]:
        """The named tables below a table, by name, without those that are switched off with ``false``."""
        outer = self.table(key)
        return tuple((name, outer.table(name)) for name in sorted(outer.values) if outer.has(name))

    def json(self, key: str) -> str:
        """Anything that JSON can represent, as canonical JSON."""
        value = self.require(key)
        self._check_json(key, value)
        return canonical_json(value)

    def optional_json(self, key: str) -> str | None:
        return self.json(key) if key in self.values else None

    def optional_json_table(self, key: str) -> str | None:
        """A table as canonical JSON; None if there is none, or if it is switched off."""
        if not self.has(key):
            return None
        self.table(key)
        return self.json(key)

    def _check_json(self, key: str, value: object) -> None:
        match value:
            case Mapping():
                for name, item in value.items():
                    self._check_json(f"{key}.{_written(name)}", item)
            case list() | tuple():
                for number, item in enumerate(value):
                    self._check_json(f"{key}[{number}]", item)
            case float() if not math.isfinite(value):
                self.refuse(key, f"found {shown(value)}; expected a finite number", hint="JSON has no infinity")
            case str() | int() | float():
                pass
            case _:
                self.refuse(key, f"found {shown(value)}; expected what JSON can represent", hint="write dates as text")


def substitute(table: Table, variables: Mapping[str, str]) -> Table:
    """The table with ``${name}`` replaced in every text by the variable's value; ``$${`` becomes a plain ``${``."""
    return attrs.evolve(table, values=_in_table(table, variables))


def _in_table(table: Table, variables: Mapping[str, str]) -> dict[str, object]:
    return {key: _in_value(table, key, value, variables) for key, value in table.values.items()}


def _in_value(table: Table, key: str, value: object, variables: Mapping[str, str]) -> object:
    match value:
        case str():
            return _in_text(table, key, value, variables)
        case Mapping():
            return _in_table(table.table(key), variables)
        case list() | tuple():
            return [_in_item(table, key, number, item, variables) for number, item in enumerate(value)]
        case _:
            return value


def _in_item(table: Table, key: str, number: int, item: object, variables: Mapping[str, str]) -> object:
    path = table.difference_path if key in table.difference else table.path
    holder = Table(where=table.where, path=path, values={f"{key}[{number}]": item})
    return _in_value(holder, f"{key}[{number}]", item, variables)


def _in_text(table: Table, key: str, text: str, variables: Mapping[str, str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "${"
        if name not in variables or not found[0].endswith("}"):
            allowed = enumerated(f"${{{variable}}}" for variable in variables)
            nearest = did_you_mean(name, variables, listed=True)
            hint = f"{nearest}{' Write' if nearest.endswith('?') else ', or write'} `$${{` for a plain `${{`"
            table.refuse(key, f"found `{found[0]}`; expected {allowed}", hint=hint)
        return variables[name]

    return _PLACEHOLDER.sub(replaced, text)
