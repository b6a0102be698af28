"""What becomes of each resource of a running stack when it comes under a unit, and the steps that are left. Pure.

Everything is worked out from what is there: the old stack's template and resources, what its template notes as
released, and what the unit's own stack contains. So a second run, or one after a kill, finds the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.plan import Question
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.plan.attached import is_attached
from multi_env_lambda.plan.clashes import clashes
from multi_env_lambda.plan.import_identifiers import IDENTIFIERS
from multi_env_lambda.plan.imports import short_name
from multi_env_lambda.plan.released import is_retained, journal_of
from multi_env_lambda.plan.stateful import REPLACED_BY, holds_data

__all__ = ["Declared", "Fate", "OldStack", "ResourceFate", "StackAdoption", "UnitStack", "decided"]

Fate = Literal["stays", "moves", "moved", "replaced", "left", "attached", "goes"]
"""In the same place in the same stack; into the unit's own; already there or released; a new one instead; kept in the
account; kept because it is part of another; deleted with the old stack, or replaced by the next deploy."""

Step = Literal["state", "retain", "release", "import", "claim"]
"""Names in the table; policies in the old stack; out of it; into the unit's; the tags that say whose it is."""

_NAMES = {
    "AWS::ApiGateway::RestApi": "",
    "AWS::Cognito::UserPool": "",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::EFS::FileSystem": "",
    "AWS::KMS::Key": "",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "",
}
_ENDINGS = ("Table", "Queue", "Topic", "Bucket", "Function", "LogGroup", "Parameter", "Secret")


@attrs.frozen(kw_only=True)
class Declared:
    """What a resource of the unit's template is in its table, such as ``tables.orders``; ``name`` is the stated one."""

    kind: str
    key: str
    name: str = ""


@attrs.frozen(kw_only=True)
class OldStack:
    """A running stack as it was read; ``changed``: when its template was last changed before that."""

    name: str
    stack_id: str
    template: Mapping[str, Any]
    resources: tuple[PhysicalResource, ...]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]
    status: str
    changed: str = ""


@attrs.frozen(kw_only=True)
class UnitStack:
    """What the unit wants in this environment, and what its own stack contains; ``tags`` say whose that is."""

    unit: str
    environment: str
    name: str
    template: Mapping[str, Any]
    there: tuple[PhysicalResource, ...]
    declared: Mapping[str, Declared]
    tags: Mapping[str, str]


@attrs.frozen(kw_only=True)
class ResourceFate:
    """One resource of the old stack.

    ``becomes``: its logical id in the unit's stack, or the name of the function that is made instead; ``to_keep_name``:
    the lines for ``pyproject.toml`` with which that function keeps this one's name.
    """

    logical_id: str
    type: str
    physical_id: str
    fate: Fate
    becomes: str = ""
    to_keep_name: tuple[str, ...] = ()


@shown_as_text
@attrs.frozen(kw_only=True)
class StackAdoption:
    """What moving a running stack into a unit does.

    Args:
        source, target: the names of the old stack and of the unit's; they may be the same.
        resources: what becomes of each resource of the old stack.
        states: (header of a table, name) that are written into the unit's ``pyproject.toml``.
        problems: why nothing can be done.
        steps: what is left to do, in its order; nothing: it is done.
    """

    unit: str
    environment: str
    source: str
    stack_id: str
    target: str
    resources: tuple[ResourceFate, ...]
    states: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The one question, unless there is nothing to do; its answer is what ``agree`` takes."""
        if not self.steps:
            return ()
        return (Question(kind="take over", text=self.text(), answer=f"take-over:{self.source}"),)

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole adoption."""
        return digest(attrs.asdict(self))

    def of(self, *fates: Fate) -> tuple[ResourceFate, ...]:
        """The resources with one of these fates.

        Args:
            fates: ``stays``, ``moves``, ``moved``, ``replaced``, ``left``, ``attached`` or ``goes``.
        """
        return tuple(one for one in self.resources if one.fate in fates)

    @property
    def kept(self) -> frozenset[str]:
        """The logical ids in the old stack that no template may delete, of what holds data or is part of it."""
        data = {one.logical_id for one in self.of("stays", "moves", "left") if holds_data(one.type)}
        return frozenset(data | {one.logical_id for one in self.of("attached")})

    def text(self) -> str:
        """What people read."""
        from multi_env_lambda.show.stack_adoption import stack_adoption_text

        return stack_adoption_text(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {**attrs.asdict(self), "questions": [attrs.asdict(one) for one in self.questions]}


def decided(old: OldStack, ours: UnitStack) -> StackAdoption:
    """What would be done now."""
    matched = _matched(old, ours)
    fates = [_fate(old, ours, item, matched.get(item.logical_id, "")) for item in old.resources]
    fates = list(_with_attached(old, fates)) + list(_journalled(old))
    found = StackAdoption(
        unit=ours.unit,
        environment=ours.environment,
        source=old.name,
        stack_id=old.stack_id,
        target=ours.name,
        resources=tuple(fates),
        states=tuple(_states(ours, fates)),
        problems=tuple(_problems(old, ours, fates)),
    )
    return attrs.evolve(found, steps=tuple(_steps(old, ours, found)))


def _matched(old: OldStack, ours: UnitStack) -> dict[str, str]:
    """By the same name in AWS, the same logical id, or one that says the same; each of ours once."""
    free, found = dict(ours.template["Resources"]), dict[str, str]()
    free = {name: body for name, body in free.items() if name not in journal_of(old.template)}
    for rule in (_is_called, _is_same, _says_same):
        for item in old.resources:
            if item.logical_id in found or not _may_be_ours(item, rule is _is_called):
                continue
            able = [name for name, body in free.items() if body["Type"] == item.type and rule(item, name, body)]
            if len(able) == 1:
                found[item.logical_id] = able[0]
                del free[able[0]]
    return found


def _may_be_ours(item: PhysicalResource, by_name: bool) -> bool:
    """What holds data, and what has a name that two cannot have; anything else is simply replaced."""
    return holds_data(item.type) or (by_name and item.type in IDENTIFIERS)


def _is_called(item: PhysicalResource, _: str, body: Mapping[str, Any]) -> bool:
    return _said_name(item.type, body) == short_name(item)


def _is_same(item: PhysicalResource, name: str, _: Mapping[str, Any]) -> bool:
    return item.logical_id == name


def _says_same(item: PhysicalResource, name: str, _: Mapping[str, Any]) -> bool:
    return _plain(item.logical_id) == _plain(name)


def _plain(logical_id: str) -> str:
    ending = next((end for end in _ENDINGS if logical_id.endswith(end) and logical_id != end), "")
    return logical_id.removesuffix(ending).lower()


def _said_name(type_: str, body: Mapping[str, Any]) -> str:
    """The name in AWS, if the template says it as a text."""
    value = body.get("Properties", {}).get(_NAMES.get(type_, IDENTIFIERS.get(type_, "")))
    return value if isinstance(value, str) else ""


def _fate(old: OldStack, ours: UnitStack, item: PhysicalResource, becomes: str) -> ResourceFate:
    found = ResourceFate(logical_id=item.logical_id, type=item.type, physical_id=item.physical_id, fate="goes")
    if becomes:
        body = old.template["Resources"].get(item.logical_id, {})
        wanted = ours.template["Resources"][becomes]
        same_place = old.name == ours.name and becomes == item.logical_id
        name = short_name(item) if becomes in ours.declared else _said_name(item.type, wanted)
        stays = same_place and name in ("", _said_name(item.type, body))
        return attrs.evolve(found, fate="stays" if stays else "moves", becomes=becomes)
    if item.type == "AWS::Lambda::Function":
        return _instead(ours, found)
    return attrs.evolve(found, fate="left") if holds_data(item.type) else found


def _with_attached(old: OldStack, fates: list[ResourceFate]) -> Iterator[ResourceFate]:
    kept = {one.logical_id for one in fates if one.fate in ("stays", "moves", "left")}
    for one in fates:
        body = old.template["Resources"].get(one.logical_id, {})
        yield attrs.evolve(one, fate="attached") if one.fate == "goes" and is_attached(body, kept) else one


def _instead(ours: UnitStack, found: ResourceFate) -> ResourceFate:
    """A function has no data, but a name: what to write to keep it."""
    wanted = {name: body for name, body in ours.template["Resources"].items() if body["Type"] == found.type}
    for name, body in wanted.items():
        if name in ours.declared and _plain(name) == _plain(found.logical_id):
            lines = (_header(ours, ours.declared[name]), f'name = "{found.physical_id}"')
            return attrs.evolve(found, fate="replaced", becomes=_said_name(found.type, body), to_keep_name=lines)
    return found


def _header(ours: UnitStack, declared: Declared) -> str:
    return f"[tool.multi_env_lambda.environments.{ours.environment}.{declared.kind}.{declared.key}]"


def _journalled(old: OldStack) -> Iterator[ResourceFate]:
    for name, entry in journal_of(old.template).items():
        yield ResourceFate(
            logical_id=entry["was"], type=entry["type"], physical_id=entry["physical_id"], fate="moved", becomes=name
        )


def _states(ours: UnitStack, fates: list[ResourceFate]) -> Iterator[tuple[str, str]]:
    """The names that the table has to state, so that the next deploy keeps them."""
    for one in fates:
        if one.fate in ("moves", "moved", "stays") and one.becomes in ours.declared and not _is_elsewhere(ours, one):
            name = short_name(_resource(one))
            if _said_name(one.type, ours.template["Resources"].get(one.becomes, {})) != name:
                yield _header(ours, ours.declared[one.becomes]), name


def _resource(one: ResourceFate) -> PhysicalResource:
    return PhysicalResource(logical_id=one.logical_id, type=one.type, physical_id=one.physical_id)


def _problems(old: OldStack, ours: UnitStack, fates: list[ResourceFate]) -> Iterator[str]:
    there = {item.logical_id: item.physical_id for item in ours.there}
    same = old.name == ours.name
    for one in (fate for fate in fates if fate.fate == "moves"):
        named = f"{one.logical_id} ({one.type} {one.physical_id}) would become {one.becomes}"
        if one.type not in IDENTIFIERS:
            yield f"{named} of {ours.name}, but it cannot be imported"
        elif one.becomes in there and not (same and one.becomes == one.logical_id):
            yield f"{named}, but {ours.name} has {one.becomes} already: {there[one.becomes]}"
        elif _is_elsewhere(ours, one):
            yield f"{named}, {_stated_already(ours, one)}"
        elif differs := _differences(old, ours, one):
            yield f"{named}, which would replace it: {', '.join(differs)} differs"
    goes = {fate.logical_id for fate in fates if fate.fate == "goes"}
    rest = (item for item in old.resources if item.logical_id in goes)
    for item, becomes in clashes(rest, ours.template["Resources"], same_stack=same):
        named = f"{item.logical_id} ({item.type} {item.physical_id})"
        yield f"{named} does not move, but {becomes} of {ours.name} would have the same name"
    for one in (fate for fate in fates if fate.fate == "moved"):
        named = f"{one.logical_id} ({one.type} {one.physical_id}) has left {old.name} to become {one.becomes}"
        if one.becomes not in there and _is_elsewhere(ours, one):
            yield f"{named}, {_stated_already(ours, one)}"
        elif one.becomes in there and _identity(there[one.becomes]) != _identity(one.physical_id):
            yield f"{named}, but {ours.name} has another one: {there[one.becomes]}"


def _identity(physical_id: str) -> str:
    return PhysicalResource(logical_id="", type="", physical_id=physical_id).identity


def _is_elsewhere(ours: UnitStack, one: ResourceFate) -> bool:
    """Whether somebody has stated another name: perhaps of what another stack has just let go of."""
    stated = ours.declared[one.becomes].name if one.becomes in ours.declared else ""
    return stated not in ("", short_name(_resource(one)))


def _stated_already(ours: UnitStack, one: ResourceFate) -> str:
    return f"but the unit's table states another name for that: {ours.declared[one.becomes].name}"


def _differences(old: OldStack, ours: UnitStack, one: ResourceFate) -> list[str]:
    """What cannot be changed in place and is known on both sides."""
    before = old.template["Resources"][one.logical_id].get("Properties", {})
    after = ours.template["Resources"][one.becomes].get("Properties", {})
    name = _NAMES.get(one.type, IDENTIFIERS[one.type])
    found = [key for key in sorted(REPLACED_BY.get(one.type, ())) if "/" not in key and key not in ("*", name)]
    if one.becomes not in ours.declared and (said := _said_name(one.type, ours.template["Resources"][one.becomes])):
        found += [name] if said != short_name(_resource(one)) else []
        after = {**after, name: said}
        before = {**before, name: short_name(_resource(one))}
    return [
        key for key in found if _known(before.get(key)) and _known(after.get(key)) and not _equal(before, after, key)
    ]


def _known(value: Any) -> bool:
    return "Fn::" not in str(value) and "'Ref'" not in str(value)


def _equal(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> bool:
    one, other = before.get(key), after.get(key)
    return (
        one == other or str(one).lower() == str(other).lower() or {str(one), str(other)} <= {"None", "False", "false"}
    )


def _steps(old: OldStack, ours: UnitStack, found: StackAdoption) -> Iterator[Step]:
    mine = ours.tags.items() <= old.tags.items()
    if old.name == ours.name and mine and not journal_of(old.template):
        return
    inside = {item.logical_id for item in ours.there}
    moves = found.of("moves")
    bodies = old.template["Resources"]
    if found.states:
        yield "state"
    if moves or any(not is_retained(bodies[name]) for name in found.kept):
        yield "retain"
    if moves:
        yield "release"
    if moves or any(one.becomes not in inside for one in found.of("moved")):
        yield "import"
    if old.name == ours.name and not mine:
        yield "claim"
