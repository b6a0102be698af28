"""What happens in a week, as values: a history is a list of them, which Hypothesis draws, shrinks and prints."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from hypothesis import strategies as st

from .people import CLONES, ENVIRONMENTS, PEOPLE, UNITS

__all__ = [
    "Agreed",
    "Approve",
    "Apply",
    "Ask",
    "Command",
    "Destroy",
    "Edit",
    "Git",
    "Hand",
    "Look",
    "Propose",
    "Prune",
    "Trouble",
    "Wait",
    "histories",
]

Kind = Literal["older", "again", "replace", "take-over", "traffic", "import", "rights"]
KINDS: tuple[Kind, ...] = ("older", "again", "replace", "take-over", "traffic", "import", "rights")


@attrs.frozen
class Edit:
    """A file of a work tree gets another text; an empty one: it is removed."""

    clone: str
    file: str
    text: str


@attrs.frozen
class Git:
    clone: str
    does: Literal["commit", "push", "pull", "back"]


@attrs.frozen
class Ask:
    """A deploy, promotion, rollback or repair. Of its questions ``who`` agrees to those of the kinds in ``agree``.

    ``at``: after so many of its writes it is killed; or, with ``meanwhile``, that whole command is run first.
    """

    who: str
    verb: Literal["deploy", "promote", "rollback", "repair"]
    target: str
    through: bool = False
    only: tuple[str, ...] = ()
    everything: bool = False
    force: bool = False
    skip: bool = False
    agree: frozenset[Kind] = frozenset()
    at: int = 0
    meanwhile: Ask | Destroy | None = None


@attrs.frozen
class Propose:
    """The plan is saved into one of two files, where it waits for an approval."""

    ask: Ask
    file: int


@attrs.frozen
class Approve:
    who: str
    file: int


@attrs.frozen
class Apply:
    who: str
    file: int
    agree: frozenset[Kind] = frozenset()
    at: int = 0


@attrs.frozen
class Agreed:
    """All three of one plan, by two people or by one who says yes to herself.

    An approval is of the questions of its environment as well; in the others they are answered by ``ask.agree``.
    """

    ask: Ask
    by: str


@attrs.frozen
class Destroy:
    who: str
    unit: str
    environment: str
    force: bool = False
    by: str = ""
    at: int = 0


@attrs.frozen
class Prune:
    who: str
    at: int = 0


@attrs.frozen
class Look:
    """`drift`: what it finds is what is so."""

    who: str


@attrs.frozen
class Hand:
    """Somebody changes the world past everything."""

    unit: str
    environment: str
    does: Literal["alias", "no alias", "code", "no stack", "template", "property", "no tags", "foreign", "no record"]


@attrs.frozen
class Trouble:
    """CloudFormation refuses a stack, or its function answers with errors; or not any more."""

    unit: str
    environment: str
    kind: Literal["refused", "errors", "over"]


@attrs.frozen
class Wait:
    days: int


Command = (
    Edit | Git | Ask | Propose | Approve | Apply | Agreed | Destroy | Prune | Look | Hand | Trouble | Wait
)  # fmt: skip

people, units, places = st.sampled_from(sorted(PEOPLE)), st.sampled_from(UNITS), st.sampled_from(ENVIRONMENTS)
clones, files = st.sampled_from(CLONES), st.integers(0, 1)


def weighed(*choices: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of them, each so often as its number says."""
    return st.sampled_from([choice for number, choice in choices for _ in range(number)]).flatmap(lambda choice: choice)


moments = weighed((4, st.just(0)), (1, st.integers(1, 30)))
rare = weighed((5, st.just(False)), (1, st.just(True)))
codes = st.builds(Edit, clones, units.map("{}/code".format), st.sampled_from("123456"))
edits = weighed(
    (8, codes),
    (3, st.builds(Edit, clones, units.map("{}/table".format), st.sampled_from(["", "one", "other"]))),
    (2, st.builds(Edit, clones, st.just("libs/money"), st.sampled_from("123"))),
    (1, st.builds(Edit, clones, st.just("search/code"), st.just(""))),
    (1, st.builds(Edit, clones, st.just("environments"), st.sampled_from(["sandbox test prod", "sandbox prod"]))),
)
gits = st.builds(Git, clones, st.sampled_from(["commit", "commit", "push", "pull", "pull", "back"]))
agreements = weighed(
    (1, st.just(frozenset())), (1, st.frozensets(st.sampled_from(KINDS))), (2, st.just(frozenset(KINDS)))
)
some = weighed((2, st.just(())), (2, units.map(lambda unit: (unit,))), (1, st.just(("customers", "orders"))))


def asks(verb: st.SearchStrategy[str], target: st.SearchStrategy[str] = places) -> st.SearchStrategy[Ask]:
    more = {"everything": rare, "force": rare, "skip": rare, "agree": agreements, "at": moments}
    return st.builds(Ask, people, verb, target, through=st.booleans(), only=some, meanwhile=st.none(), **more)


verbs = asks(st.sampled_from(["deploy", "promote", "rollback", "rollback", "repair", "repair"]))
deploys = asks(st.just("deploy"), st.sampled_from(["sandbox", "test", "test"]))
upward = asks(st.sampled_from(["deploy", "promote"]), st.just("prod")).map(lambda ask: attrs.evolve(ask, through=True))
destroys = st.builds(Destroy, people, units, places, force=rare, by=weighed((1, st.just("")), (2, people)), at=moments)
during = st.builds(
    lambda ask, at, other: attrs.evolve(ask, at=at, meanwhile=attrs.evolve(other, at=0)),
    weighed((2, deploys), (1, verbs)),
    st.integers(1, 12),
    weighed((2, deploys), (2, verbs), (1, destroys)),
)
by_hand = ["alias", "no alias", "code", "no stack", "template", "property", "no tags", "foreign", "no record"]
commands = weighed(
    (5, edits),
    (3, gits),
    (5, deploys),
    (3, verbs),
    (2, during),
    (1, st.builds(Propose, verbs, files)),
    (1, st.builds(Approve, people, files)),
    (1, st.builds(Apply, people, files, agreements, at=moments)),
    (2, st.builds(Agreed, verbs, people)),
    (4, st.builds(Agreed, upward, people)),
    (1, destroys),
    (1, st.builds(Prune, people, at=moments)),
    (1, st.builds(Look, people)),
    (3, st.builds(Hand, units, places, st.sampled_from(by_hand))),
    (1, st.builds(Trouble, units, places, st.sampled_from(["refused", "errors"]))),
    (1, st.builds(Trouble, units, places, st.just("over"))),
    (1, st.builds(Wait, st.sampled_from([1, 10]))),
)
histories = st.lists(commands, min_size=20, max_size=40)
