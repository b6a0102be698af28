"""Code that is not called yet: what ``$LATEST`` of a function is, and must be when CloudFormation publishes it.

CloudFormation compares a template with the one before, and never with the function: where both name the same code it
sends none, and the version that it publishes has whatever code somebody uploaded by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from multi_env_lambda.aws.drift import PropertyDifference, ResourceDrift
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.flow.attempts import attempted_codes
from multi_env_lambda.flow.check import check_code, check_layers
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.alias import SaidAlias
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.plan.pins import code_of, logical_ids, places_of, unsent, untouched
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import World

__all__ = ["LATEST", "check_codes", "check_untouched", "foreign_code", "latest_codes", "send_again"]

LATEST = "$LATEST"
"""A function's ``$LATEST``, which no alias of ours points at."""


def send_again(
    world: World,
    environment: Environment,
    release: Release,
    template: str,
    before: str | None,
    parameters: Mapping[str, str],
    held: HeldLease,
    say: Callable[[str], None],
) -> dict[str, FunctionCode]:
    """Restore the released code of each function that has different code, and gets none from CloudFormation.

    Returns what each of them was before, by its name.

    Args:
        template: what the stack becomes, ``before`` what it is; None if unknown.
        parameters: the stack's parameters, hence the version of each object.

    Raises:
        PlanStale: the lease is lost.
        StackError: Lambda refuses it.
        AccountError: the role may not read or update it.
    """

    def look(name: str) -> FunctionCode | None:
        expected = release.code_at(places[name].key)
        there = world.platform.find_code(environment, name, LATEST)
        if there is not None and there.code_sha256 != expected:
            say(f"{name}: {_whose(world, held, there.code_sha256)}; sending {expected} again")
            world.platform.send_code(environment, name, places[name], held)
        return there

    places = places_of(template, parameters)
    names = [name for name in unsent(template, before) if name in places]
    return {name: there for name, there in zip(names, in_parallel(look, names), strict=True) if there is not None}


def _whose(world: World, held: HeldLease, code_sha256: str) -> str:
    sent = unreleased_in(held.record)
    if sent is not None and code_sha256 in dict(sent.codes).values():
        return f"{sent} were sent as code {code_sha256}"
    version = attempted_codes(world, held.record, held.unsure).get(code_sha256)
    whose = "somebody uploaded" if version is None else f"the attempt at {version}, which is not over, left"
    return f"{whose} code {code_sha256}"


def check_untouched(
    environment: Environment, release: Release, template: str, before: str | None, seen: Mapping[str, FunctionCode]
) -> None:
    """The functions that CloudFormation did not update had the layers that the template names.

    Args:
        before: the template before; ``seen`` the functions as they were while it was in place.

    Raises:
        CheckFailed: somebody has set different ones.
    """
    stage, expected = release.stage(environment.name), code_of(template)
    for name in untouched(template, before):
        if stage is not None and name in seen:
            check_layers(environment, release, stage, name, seen[name], expected[name])


def latest_codes(world: World, environment: Environment, template: str) -> dict[str, FunctionCode | None]:
    """What each function of a template is now, by its name; None if there is none.

    Raises:
        StackError, AccountError: one of them cannot be read.
    """
    names = tuple(logical_ids(template))
    there = in_parallel(lambda name: world.platform.find_code(environment, name, LATEST), names)
    return dict(zip(names, there, strict=True))


def foreign_code(
    world: World,
    environment: Environment,
    known: Mapping[str, Sequence[str]],
    template: str,
    said: Iterable[SaidAlias],
    latest: Mapping[str, FunctionCode | None],
) -> tuple[ResourceDrift, ...]:
    """Where functions have code other than released: the function itself, and the version that its alias points at.

    CloudFormation compares no code. A function that does not exist has none.

    Args:
        known: the code that may run by function, as base64 SHA-256; the code that should run comes first.
        template: of what runs; functions whose code a ``stack.py`` has set are left out.
        said: the aliases of the stack.
        latest: its functions, as ``latest_codes`` has seen them.

    Raises:
        StackError, AccountError: one of them cannot be read.
    """
    aliases = [(item.logical_id, "AWS::Lambda::Alias", item.function, item.name) for item in said]
    functions = [(name, "AWS::Lambda::Function", item, LATEST) for item, name in logical_ids(template).items()]
    ours = {name for name, code in code_of(template).items() if code.ours}

    def look(place: tuple[str, str, str, str]) -> ResourceDrift | None:
        logical_id, kind, function, qualifier = place
        there = latest[function] if qualifier == LATEST else world.platform.find_code(environment, function, qualifier)
        may_run = known[function]
        if there is None or there.code_sha256 in may_run:
            return None
        path = "/Code/CodeSha256" if qualifier == LATEST else "/FunctionVersion/CodeSha256"
        found = PropertyDifference(path=path, expected=may_run[0], actual=there.code_sha256, kind="NOT_EQUAL")
        return ResourceDrift(logical_id=logical_id, resource_type=kind, status="MODIFIED", differences=(found,))

    found = in_parallel(look, [item for item in (*functions, *aliases) if item[2] in ours])
    return tuple(item for item in found if item is not None)


def check_codes(world: World, environment: Environment, release: Release, template: str) -> None:
    """Callers get what was released, layers included.

    Raises:
        CheckFailed: a function's alias points at different code.
    """
    stage, places = release.stage(environment.name), code_of(template)

    def look(name: str) -> None:
        assert stage is not None
        function = next(item for item in stage.functions if item.name == name)
        found = world.platform.find_code(environment, name, "live")
        if found is None:
            hint = advice("`{}` creates it again", unit_call("repair", release.project, environment.name))
            raise CheckFailed(f"{name} in {environment.name}", "it has no alias live", hint=hint)
        check_code(world.platform, environment, release, stage, function, found, places.get(name), {})

    in_parallel(look, [] if stage is None else [item.name for item in stage.functions])
