"""The variables of Serverless: a tree of plain values in, the same tree with their values out, for one stage.

What cannot be known is an :class:`Unknown` in its place, with the reason; nothing is looked up, run, or guessed.
A default that is taken because nobody has given the value before it is kept in ``assumed``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import attrs

from multi_env_lambda.adopt.serverless_text import Ask, Literal, Nested, Unreadable, asked_for, pieces
from multi_env_lambda.adopt.serverless_values import Filled, Link, Tree, Unknown, Value, Where, joined, plain

__all__ = ["LARGEST", "LONGEST", "Assumed", "Files", "Variables"]

LARGEST = 100_000
"""Values in a tree; lists of lists of variables grow without end."""
LONGEST = 100_000
"""Characters of one text."""
_DEEPEST = 80
_MOST_NAMED = 8

Files = Callable[[str], "Tree | Unknown"]
"""What a file of the repository has; None if there is none."""

_SECRET = "/aws/reference/secretsmanager/"
_OWN_NAME = re.compile(r"functions\.([^.]+)\.name")
_ELSEWHERE = {
    "cf": "an output of another stack",
    "s3": "an object in a bucket",
    "git": "a fact about a Git repository that changes with every commit",
    "output": "an output of another service",
    "state": "an output of another service",
    "terraform": "an output of Terraform",
    "vault": "a secret in Vault",
    "doppler": "a secret in Doppler",
    "construct": "something that the plugin serverless-lift makes",
    "sls": "a value that differs in every run",
}
_LATER = ("env", *_ELSEWHERE)
"""Sources that usually have a value when somebody deploys: a default after them is an assumption."""


@attrs.frozen
class Assumed:
    """The default of a variable, which holds as long as nobody gives another value."""

    variable: str
    value: Value
    where: Where


@attrs.frozen
class _Missing:
    """No value, and if it can be given, the name to give it by."""

    option: str | None = None
    why: str = "nothing has this value"


@attrs.frozen
class Variables:
    """One service, read for one stage.

    Args:
        file: the name of its file.
        tree: what the file has.
        given: values by source and address: ``sls:stage``, ``opt:region``, ``env:TOKEN``, ``self:provider.stage``.
        files: reads what ``${file(…)}`` names.
    """

    file: str
    tree: Tree
    given: Mapping[str, str | Filled]
    files: Files
    assumed: list[Assumed] = attrs.field(factory=list)
    _known: dict[Where, tuple[Value, int]] = attrs.field(factory=dict)
    _sizes: dict[int, int] = attrs.field(factory=dict)
    """Of tables and lists, by identity: they are kept in ``_known``, and used wherever a variable names them."""
    _open: list[Where] = attrs.field(factory=list)

    def value(self, *path: str | int) -> Value:
        """What is at a path of the service, with all variables in it; None if there is nothing."""
        found = self._at(Where(self.file, ()), self.tree, path)
        return None if isinstance(found, _Missing) else found

    def _resolved(self, tree: Tree, where: Where) -> Value:
        return self._sized(tree, where)[0]

    def _sized(self, tree: Tree, where: Where) -> tuple[Value, int]:
        """The value, and how many values are in it."""
        if (known := self._known.get(where)) is not None:
            return known
        if where in self._open:
            around = " → ".join(_named(each) for each in self._open[self._open.index(where) :])
            return Unknown(_named(where), f"it refers to itself: {around} → {_named(where)}", where), 1
        if len(self._open) > _DEEPEST:
            return Unknown(_named(where), f"more than {_DEEPEST} variables refer to each other", where), 1
        self._open.append(where)
        try:
            found = self._inside(tree, where)
        finally:
            self._open.pop()
        if found[1] > LARGEST:
            found = Unknown(_named(where), f"it has more than the limit of {LARGEST} values", where), 1
        self._known[where] = found
        self._sizes[id(found[0])] = found[1]
        return found

    def _inside(self, tree: Tree, where: Where) -> tuple[Value, int]:
        if isinstance(tree, str):
            value = self._text(tree, where)
            return value, self._sizes.get(id(value), 1) if isinstance(value, (dict, list)) else 1
        if isinstance(tree, dict):
            items = {key: self._sized(item, _below(where, key)) for key, item in tree.items()}
            return {key: value for key, (value, _) in items.items()}, 1 + sum(size for _, size in items.values())
        if isinstance(tree, list):
            each = [self._sized(item, _below(where, number)) for number, item in enumerate(tree)]
            return [value for value, _ in each], 1 + sum(size for _, size in each)
        return tree, 1

    def _at(self, where: Where, tree: Tree, path: tuple[str | int, ...]) -> Value | _Missing:
        """What is at a path below a tree; a variable on the way is followed."""
        for number, key in enumerate(path):
            below = _child(tree, key)
            if isinstance(below, _Missing):
                if isinstance(tree, str):
                    return _down(self._resolved(tree, where), path[number:])
                return below
            tree, where = below, _below(where, key)
        return self._resolved(tree, where)

    def _text(self, text: str, where: Where) -> Value:
        found = list(pieces(text))
        if len(found) == 1 and found[0][0]:
            return self._variable(found[0][1], where)
        values: list[Value] = []
        for is_variable, part in found:
            value = self._variable(part, where) if is_variable else part
            match value:
                case Unknown():
                    return value
                case Link():
                    why = "its value is looked up in a deploy, so it cannot be a part of a text"
                    return Unknown(part, why, where, option=part)
                case dict() | list():
                    return Unknown(part, "a table or a list cannot be a part of a text", where)
                case _:
                    pass
            values.append(value)
        whole = joined(values)
        if len(plain(whole)) > LONGEST:
            return Unknown(text[:40] + "…", f"it has more than the limit of {LONGEST} characters", where)
        return whole

    def _variable(self, variable: str, where: Where) -> Value:
        """The first of its sources that has a value."""
        first = _Missing()
        passed = is_empty = False
        for number, ask in enumerate(asked_for(variable)):
            value = self._source(ask, where, variable)
            if value is None and not isinstance(ask, Literal):
                is_empty = True
            elif not isinstance(value, _Missing):
                if passed:
                    self._assume(Assumed(variable, value, where))
                return value
            elif number == 0 or first.option is None:
                first = value
            if isinstance(ask, Ask) and ask.source in _LATER:
                passed = True
        return None if is_empty else Unknown(variable, first.why, where, option=first.option)

    def _assume(self, assumed: Assumed) -> None:
        if assumed not in self.assumed:
            self.assumed.append(assumed)

    def _source(self, ask: Ask | Literal | Nested | Unreadable, where: Where, variable: str) -> Value | _Missing:
        match ask:
            case Literal(value):
                return value
            case Nested(text):
                found = self._text(text, where)
                if isinstance(found, Unknown):
                    return _Missing(found.option, found.why)
                return _Missing() if found is None else found
            case Unreadable(text):
                return Unknown(variable, f"`{text}` is neither a variable nor a text in quotes", where)
            case Ask():
                return self._asked(ask, where, variable)

    def _asked(self, ask: Ask, where: Where, variable: str) -> Value | _Missing:
        inside, address = self._address(ask.inside, where), self._address(ask.address, where)
        if isinstance(inside, Unknown):
            return inside
        if isinstance(address, Unknown):
            return address
        if ask.source == "file":
            name = _file_option(inside or "", address)
            return self.given[name] if name in self.given else self._from_file(inside or "", address, where, variable)
        if ask.source == "strToBool":
            return _truth(inside or "", where, variable)
        name = f"{ask.source}:{address or ''}"
        return (
            self.given[name] if name in self.given else self._from(ask.source, inside, address or "", where, variable)
        )

    def _from(self, source: str, inside: str | None, address: str, where: Where, variable: str) -> Value | _Missing:
        name = f"{source}:{address}"
        match source:
            case "self":
                return self._own(address)
            case "param":
                return self._param(address)
            case "opt":
                return _Missing(name, "an option of the command line that is not given")
            case "env":
                return _Missing(name, "an environment variable of the person who deploys")
            case "ssm":
                return _looked_up(inside, address, where, variable)
            case "aws":
                return _of_aws(address, inside, where, variable)
            case "construct" if (made := re.fullmatch(r"(\w+)\.queue(Url|Arn)", address)) is not None:
                return self._queue(made[1], made[2].lower())
            case _:
                return _Missing(name, _ELSEWHERE.get(source, f"`{source}` is not a source that can be read here"))

    def _address(self, text: str | None, where: Where) -> str | Unknown | None:
        """The variables in an address are looked up first."""
        if text is None or "${" not in text:
            return text
        value = self._text(text, where)
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (dict, list, Link)):
            return Unknown(text, "a table or a list cannot be a part of an address", where)
        return plain(joined([value]))

    def _own(self, address: str) -> Value | _Missing:
        path = tuple(address.split(".")) if address else ()
        found = self._at(Where(self.file, ()), self.tree, path)
        if isinstance(found, _Missing) and (name := _OWN_NAME.fullmatch(address)) and self.value("functions", name[1]):
            return Link("function", name[1])
        if isinstance(found, _Missing):
            return _Missing(f"self:{address}", f"nothing is there{self._beside(path)}")
        return found

    def _beside(self, path: tuple[str, ...]) -> str:
        """What is there instead: a table by stage has other stages."""
        for end in range(len(path) - 1, 1, -1):
            found = self._at(Where(self.file, ()), self.tree, path[:end])
            if isinstance(found, dict) and found:
                return f", `{'.'.join(path[:end])}` has {', '.join(list(found)[:_MOST_NAMED])}"
        return ""

    def _queue(self, name: str, value: str) -> Value | _Missing:
        """A queue of the plugin serverless-lift."""
        is_one = self.value("constructs", name, "type") == "queue"
        return Link("queue", name, value) if is_one else _Missing(f"construct:{name}", _ELSEWHERE["construct"])

    def _param(self, name: str) -> Value | _Missing:
        stage = plain(self.given.get("sls:stage", "dev"))
        for path in (
            ("stages", stage, "params", name),
            ("params", stage, name),
            ("stages", "default", "params", name),
            ("params", "default", name),
        ):
            if (found := self.value(*path)) is not None:
                return found
        return _Missing(f"param:{name}", f"no parameters of the stage `{stage}` have it")

    def _from_file(self, name: str, address: str | None, where: Where, variable: str) -> Value | _Missing:
        option = _file_option(name, address)
        if name.rpartition("/")[2].startswith(".env"):
            return Unknown(variable, "an `.env` file is not read, because its values would get into files", where)
        if re.search(r"\.[cm]?[jt]s\Z", name):
            return Unknown(variable, "the file is a program, which does not run here", where, option=option)
        tree = self.files(name)
        if tree is None:
            return _Missing(option, f"there is no file `{name}`")
        if isinstance(tree, Unknown):
            return attrs.evolve(tree, variable=variable, where=where)
        found = self._at(Where(name, ()), tree, tuple(address.split(".")) if address else ())
        is_there = found is not None and not isinstance(found, _Missing)
        return found if is_there else _Missing(option, f"`{name}` has no `{address}`")


def _file_option(name: str, address: str | None) -> str:
    return f"file({name}):{address}" if address else f"file({name})"


def _child(tree: Tree, key: str | int) -> Tree | _Missing:
    match tree:
        case dict() if str(key) in tree:
            return tree[str(key)]
        case list() if str(key).isdecimal() and int(key) < len(tree):
            return tree[int(key)]
    return _Missing()


def _down(value: Value, path: tuple[str | int, ...]) -> Value | _Missing:
    """The rest of a path in what is resolved already."""
    for number, key in enumerate(path):
        match value:
            case Unknown():
                return value
            case Link(kind="secret", key=None) if len(path) == number + 1:
                return attrs.evolve(value, key=str(key))
            case dict() if str(key) in value:
                value = value[str(key)]
            case list() if str(key).isdecimal() and int(key) < len(value):
                value = value[int(key)]
            case _:
                return _Missing()
    return value


def _below(where: Where, key: str | int) -> Where:
    return Where(where.file, (*where.path, key))


def _named(where: Where) -> str:
    return ".".join(map(str, where.path)) or where.file


def _truth(text: str, where: Where, variable: str) -> Value:
    match text.strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            pass
    return Unknown(variable, f"`{text}` is neither true nor false", where)


def _of_aws(address: str, inside: str | None, where: Where, variable: str) -> Value | _Missing:
    """A value of the account, or of one of its services."""
    service, _, rest = address.partition(":")
    if service == "ssm":
        return _looked_up(inside, rest, where, variable)
    if address == "partition":
        return "aws"
    if re.fullmatch(r"[A-Za-z]+(/.*)?", address):
        return f"${{{variable}}}"  # a variable of IAM, such as ${aws:username}
    return _Missing(f"aws:{address}", _ELSEWHERE.get(service, "it is not a value of AWS that can be read here"))


def _looked_up(inside: str | None, address: str, where: Where, variable: str) -> Value:
    """A parameter of the Parameter Store, or a secret by its address there."""
    for word in (inside or "").split(","):
        if word.strip() not in ("", "raw", "decrypt", "noDecrypt", "${aws:region}"):
            return Unknown(variable, f"it is in the region `{word.strip()}`", where)
    name = re.sub(r"~(true|false|split)\Z", "", address)
    if name.startswith(_SECRET):
        return Link("secret", name.removeprefix(_SECRET))
    return Link("parameter", name)
