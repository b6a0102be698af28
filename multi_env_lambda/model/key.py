"""What a key of a TOML table is: its kind, its default, what it means, and an example.

The declarations in ``keys/`` are made from these values. The readers take what they accept from there, and so do the
JSON schema and the page about the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from multi_env_lambda.model.rule import Rule

__all__ = [
    "ByName",
    "Choice",
    "Created",
    "Either",
    "Events",
    "Flag",
    "Inner",
    "Inners",
    "Json",
    "Key",
    "Keys",
    "Kind",
    "Number",
    "NumberOf",
    "Rule",
    "Scalar",
    "Text",
    "Texts",
    "Tree",
]


# --- kinds of values ---
@attrs.frozen
class Text:
    """A text; ``allowed`` says in words what a reader checks beyond the rule."""

    rule: Rule | None = None
    default: str | None = None
    allowed: str = "text"


@attrs.frozen
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    default: str | None = None


@attrs.frozen
class Number:
    """A whole number."""

    low: int
    high: int
    default: int | None = None


@attrs.frozen
class NumberOf:
    """One of a few numbers."""

    numbers: tuple[float, ...]
    default: float


@attrs.frozen
class Flag:
    """True or false."""

    default: bool


@attrs.frozen
class Texts:
    """A list of texts, none of which may be in it twice unless that is said; ``words``: what each has to be one of."""

    rule: Rule | None = None
    least: int = 0
    most: int | None = None
    default: tuple[str, ...] = ()
    twice: bool = False
    words: tuple[str, ...] = ()


@attrs.frozen
class Created:
    """``true``: the unit's stack creates it."""

    what: str


@attrs.frozen
class Scalar:
    """A text, a number, true or false."""


@attrs.frozen
class Json:
    """Anything that JSON can represent."""


@attrs.frozen
class Tree:
    """A table of the user's own, as JSON can represent it."""


@attrs.frozen
class Inner:
    """A table; ``least``: how many keys it has at least; ``whole``: an environment replaces all of it."""

    keys: Keys
    least: int = 0
    whole: bool = False


@attrs.frozen
class Inners:
    """A list of tables."""

    keys: Keys
    least: int = 0
    most: int | None = None


@attrs.frozen
class ByName:
    """A table whose keys are names that the user chooses; ``off``: ``false`` is the same as leaving one out."""

    each: Kind
    rule: Rule | None = None
    most: int | None = None
    off: bool = False


@attrs.frozen
class Events:
    """A list of tables, each of exactly one kind; ``sources``: the key of the source in a table of its own."""

    kinds: Mapping[str, Keys] = attrs.field(hash=False)
    sources: Mapping[str, str] = attrs.field(hash=False)


@attrs.frozen
class Either:
    """One of several kinds."""

    kinds: tuple[Kind, ...]


Kind = (
    Text
    | Choice
    | Number
    | NumberOf
    | Flag
    | Texts
    | Created
    | Scalar
    | Json
    | Tree
    | Inner
    | Inners
    | ByName
    | Events
    | Either
)


# --- keys and tables ---
@attrs.frozen
class Key:
    """One key of a table.

    Args:
        meaning: what it does, in sentences, as RST.
        example: lines of the table that it is in.
        default: in words, where the kind has none.
        off: whether ``false`` is the same as leaving it out, and so switches off what the unit says for all
            environments.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    required: bool = attrs.field(default=False, kw_only=True)
    default: str = attrs.field(default="", kw_only=True)
    off: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen(kw_only=True)
class Keys:
    """The keys of one table.

    Args:
        header: as it is written at the top of the table in an example; of a table inside a list, how that begins.
        either: exactly one of these keys is required.
        every: what each key is, where the user chooses the names.
    """

    title: str
    header: str
    keys: tuple[Key, ...] = ()
    about: str = ""
    either: tuple[str, ...] = ()
    every: Kind | None = None

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    def kind(self, name: str) -> Kind:
        """The kind of a key.

        Raises:
            LookupError: it is not declared, so no reader may read it.
        """
        found = next((key.kind for key in self.keys if key.name == name), self.every)
        if found is None:
            raise LookupError(f"{self.header} {name} is not declared in multi_env_lambda/model/keys")
        return found

    def without(self, *names: str) -> Keys:
        """Without these keys."""
        return self.only(*(name for name in self.names if name not in names))

    def only(self, *names: str) -> Keys:
        """Without all other keys."""
        return attrs.evolve(self, keys=tuple(key for key in self.keys if key.name in names))
