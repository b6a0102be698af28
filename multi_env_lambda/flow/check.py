"""Check before the deploy that what it refers to exists, and after it that the published code runs and responds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any

import attrs

from multi_env_lambda.aws.account import Invocation, Platform
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import CheckFailed, ConfigurationError
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.alias import AliasState, alias_text
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import LayerReceipt
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.plan.pins import ExpectedCode, code_of
from multi_env_lambda.plan.reservations import reservations
from multi_env_lambda.plan.runtimes import endings
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import World

__all__ = [
    "ALIAS",
    "Asking",
    "check",
    "check_aliases",
    "check_layers",
    "check_references",
    "check_smoke",
    "matches",
]

ALIAS = "live"

SETTLE_SECONDS = 30.0
"""How long not to trust a response that may predate the change; IAM and an alias need some seconds."""

PAUSE_SECONDS = 2.0

_LOG_LINES = 12
_DENIED = re.compile(r"access ?denied|not authorized|unauthorized|forbidden", re.IGNORECASE)


def check_references(platform: Platform, environment: Environment, release: Release) -> None:
    """Every secret and parameter that the release refers to exists. Nothing has been published or changed yet.

    Raises:
        ConfigurationError: at least one does not; names all of them, by function and variable.
    """
    stage = release.stage(environment.name)
    if stage is None or not stage.references:
        return
    missing = platform.references_missing(environment, stage.references)
    if missing:
        what = "; ".join(f"{item.reference}: {item.what}" for item in missing)
        raise ConfigurationError(f"{release.project} in {environment.name}", what, hint=missing[0].hint)


def protect(
    platform: Platform, environment: Environment, stack_name: str, look: StackReading | None, held: Held
) -> None:
    """If the table says so, CloudFormation refuses to delete the stack from now on.

    ``look`` is what the stack was before: one that is already protected is not read again.
    """
    if environment.protect and (look is None or not look.protected):
        platform.protect(environment, stack_name, held)


def check_concurrency(platform: Platform, environment: Environment, template: str) -> None:
    """The account has the concurrency that the template's functions reserve. Nothing has been published or changed yet.

    What all units of a run add is counted before (flow/quotas.py), by their templates; this also sees what was reserved
    or released by hand since.

    Raises:
        ConfigurationError: it does not.
    """
    reserved = reservations(template)
    found = platform.shortage(environment, reserved) if reserved else None
    if found is not None:
        what = (
            f"{', '.join(reserved)} reserve {found.wanted} calls at once, which leaves {found.left} of the account's "
            f"{found.limit}; Lambda keeps {found.least} unreserved"
        )
        hint = "raise the quota `Concurrent executions` of Lambda in that account, or reserve less"
        raise ConfigurationError(environment.name, what, hint=hint)


def say_endings(world: World, template: str, say: Callable[[str], None]) -> None:
    """Report which runtimes of a template AWS is ending; a run that has just built it has already reported them."""
    for text in endings(template, date.fromisoformat(world.now()[:10])):
        say(text)


@attrs.frozen(kw_only=True)
class Asking:
    """Who asks, where, and under which lease; a response of AWS right after a change may predate the change.

    ``rights_change``: the unit's roles or policies have changed, and IAM may not apply them yet. ``first``:
    nothing ran before, so there is nothing to roll back to, and only a response about permissions is retried.
    """

    world: World
    held: Held
    environment: Environment
    say: Callable[[str], None]
    rights_change: bool = False
    first: bool = False


def check(
    asking: Asking,
    release: Release,
    stage: ReleaseTemplate,
    template: str,
    aliases: Collection[str] = (),
    known: Collection[LayerReceipt] = (),
) -> tuple[LayerReceipt, ...]:
    """All checks of one unit in one environment; returns the layer versions that its functions were seen to use.

    Args:
        aliases: names of functions whose alias must point at one version alone.
        known: layer versions that were compared before. What an ARN refers to never changes.

    Raises:
        CheckFailed: with request, response and the tail of the log.
    """
    platform, environment = asking.world.platform, asking.environment
    places = code_of(template)
    seen: dict[str, LayerReceipt] = {receipt.arn: receipt for receipt in known}
    used: set[str] = set()
    runs: dict[str, str] = {}
    answers: dict[str, Invocation] = {}
    points: dict[str, AliasState | None] = {}

    def point(function: ReleasedFunction) -> None:
        if function.name in aliases:
            points[function.name] = platform.alias(environment, function.name, ALIAS)

    def code(function: ReleasedFunction) -> None:
        found = platform.code(environment, function.name)
        runs[function.name] = found.version
        expected = places.get(function.name)
        used.update(check_code(platform, environment, release, stage, function, found, expected, seen))

    def ask(function: ReleasedFunction) -> None:
        if function.smoke is not None:
            answers[function.name] = _answer(asking, function.name, function.smoke, ALIAS)

    def judge(function: ReleasedFunction) -> None:
        if function.smoke is not None:
            where = f"smoke of {release.project}.{function.key} in {environment.name}"
            first, version = answers[function.name], runs[function.name]
            check_smoke(asking, where, function.name, function.smoke, version, first=first)
        if function.name in aliases:
            check_alias(asking, function.name, runs[function.name], [points[function.name]])

    together(*(partial(step, function) for function in stage.functions for step in (code, ask, point)))
    together(*(partial(judge, function) for function in stage.functions))
    return tuple(seen[arn] for arn in sorted(used))


def check_code(
    platform: Platform,
    environment: Environment,
    release: Release,
    stage: ReleaseTemplate,
    function: ReleasedFunction,
    runs: FunctionCode,
    expected: ExpectedCode | None,
    seen: dict[str, LayerReceipt],
) -> list[str]:
    """What Lambda says it runs, code and layer, is what was published; returns the ARNs of our layer.

    Code or layers of a function that a ``stack.py`` has set are not compared.
    """
    where = f"{function.name} in {environment.name}"
    by_hand = advice(
        "somebody changed it by hand, and CloudFormation does not see that; `{}` fixes it",
        unit_call("repair", release.project, environment.name),
    )
    published = release.code_at("" if expected is None else expected.key)
    if (expected is None or expected.ours) and runs.code_sha256 != published:
        what = f"Lambda runs code {runs.code_sha256}, expected the published {published}"
        raise CheckFailed(where, what, hint=by_hand)
    layer = release.layer
    ours = [arn for arn in runs.layers if arn.split(":")[6:7] == [stage.stack_name]]
    if layer is None or not layer.layer_sha256:
        check_layers(environment, release, stage, function.name, runs, expected)
        return []
    if not ours and expected is not None and expected.layered:
        raise CheckFailed(where, f"Lambda runs it without layer {layer.number:06d}", hint=by_hand)
    for arn in ours:
        if arn not in seen:
            there = platform.layer_sha256(environment, arn)
            if there is None:
                raise CheckFailed(where, f"somebody deleted {arn}, which it uses", hint=by_hand)
            seen[arn] = LayerReceipt(arn=arn, sha256=there)
        if seen[arn].sha256 != base64_sha256(layer.layer_sha256):
            what = (
                f"{arn} has the SHA-256 {seen[arn].sha256}, expected the published {base64_sha256(layer.layer_sha256)}"
            )
            raise CheckFailed(where, what, hint=by_hand)
    check_layers(environment, release, stage, function.name, runs, expected)
    return ours


def check_layers(
    environment: Environment,
    release: Release,
    stage: ReleaseTemplate,
    function_name: str,
    there: FunctionCode,
    expected: ExpectedCode | None,
) -> None:
    """The layer versions are those that the template names, in the same order.

    Raises:
        CheckFailed: somebody has set others.
    """
    if expected is None or not expected.has_other_layers(there.layers, stage.stack_name):
        return
    said = [f"a version of {stage.stack_name}" if arn == "" else arn or "another" for arn in expected.layers or ()]
    what = f"in Lambda it has the layers {_listed(there.layers)}, expected the deployed {_listed(said)}"
    repair = unit_call("repair", release.project, environment.name)
    hint = advice("somebody changed it by hand; `{}` fixes it", repair)
    raise CheckFailed(f"{function_name} in {environment.name}", what, hint=hint)


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"


def check_alias(asking: Asking, function_name: str, version: str, seen: Sequence[AliasState | None] = ()) -> None:
    """The alias sends all calls to one version; none goes where traffic was once moved, by a shift or by hand.

    An alias without ``RoutingConfig`` in its template keeps the weights that somebody has set. ``seen``: where it was
    seen to point already.
    Source: RoutingConfig in https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html

    Raises:
        CheckFailed: it still does not after ``SETTLE_SECONDS``.
    """

    platform, environment = asking.world.platform, asking.environment
    looked = list(seen)

    def look() -> CheckFailed | None:
        there = looked.pop() if looked else platform.alias(environment, function_name, ALIAS)
        if there == AliasState(version=version, weights=()):
            return None
        what = f"its alias {ALIAS} points at {alias_text(there)}, expected version {version} alone"
        command = (
            f"aws lambda update-alias --function-name {function_name} --name {ALIAS} "
            f"--function-version {version} --routing-config AdditionalVersionWeights={{}}"
        )
        return CheckFailed(f"{function_name} in {environment.name}", what, hint=f"fix it with `{command}`")

    _insist(asking, look)


def check_aliases(asking: Asking, function_names: Iterable[str]) -> None:
    """As ``check_alias``, for several functions and the versions that their aliases should point at.

    Raises:
        CheckFailed: one of them still sends a share to another version.
    """
    platform, environment = asking.world.platform, asking.environment
    in_parallel(lambda name: check_alias(asking, name, platform.code(environment, name).version), function_names)


def check_smoke(
    asking: Asking,
    where: str,
    function_name: str,
    smoke: Smoke,
    version: str,
    qualifier: str = ALIAS,
    first: Invocation | None = None,
) -> None:
    """An invocation through an alias or of a version, and its response.

    For ``SETTLE_SECONDS``, retry if another version responds, or if the response is wrong after rights have changed.

    Args:
        version: the one that should respond.
        first: a response that has already arrived.

    Raises:
        CheckFailed: a wrong response, or one from another version.
    """
    answers = [] if first is None else [first]
    wanted = [version]

    def look() -> CheckFailed | None:
        answer = answers.pop() if answers else _answer(asking, function_name, smoke, qualifier)
        if answer.version != wanted[0] and qualifier == ALIAS:
            # What was read of the alias may be as old as the response.
            wanted[0] = asking.world.platform.code(asking.environment, function_name).version
        if answer.version != wanted[0]:
            what = f"version {answer.version} responded, but {qualifier} is version {wanted[0]}"
            return CheckFailed(where, what, hint="run the same command again; if this persists, check the alias")
        failure = _wrong(where, smoke, answer)
        if failure is not None and not _may_be_rights(asking, answer):
            raise failure
        return failure

    _insist(asking, look)


def _may_be_rights(asking: Asking, answer: Invocation) -> bool:
    """Whether a wrong response may be due to permissions that IAM does not apply yet."""
    text = f"{answer.payload.decode('utf-8', 'replace')} {answer.log_tail}"
    return asking.rights_change and (not asking.first or _DENIED.search(text) is not None)


def _insist(asking: Asking, look: Callable[[], CheckFailed | None]) -> None:
    """Check until nothing is wrong; after ``SETTLE_SECONDS``, trust what is wrong."""
    world = asking.world
    started, said = world.seconds(), False
    while (failure := look()) is not None:
        if world.seconds() - started >= SETTLE_SECONDS:
            raise failure
        if not said:
            asking.say(f"{failure.where}: not as expected yet, retrying for up to {SETTLE_SECONDS:.0f} s")
            said = True
        world.sleep(PAUSE_SECONDS)
        asking.held.make_sure()


def _answer(asking: Asking, function_name: str, smoke: Smoke, qualifier: str) -> Invocation:
    return asking.world.platform.invoke(asking.environment, function_name, qualifier, smoke.payload.encode())


def _wrong(where: str, smoke: Smoke, answer: Invocation) -> CheckFailed | None:
    expected = None if smoke.expect is None else json.loads(smoke.expect)
    if answer.error is None and (smoke.expect is None or matches(expected, _json(answer))):
        return None
    log = "\n".join(answer.log_tail.strip().splitlines()[-_LOG_LINES:])
    return CheckFailed(
        where,
        f"expected {smoke.expect or 'no error'}, got {answer.payload.decode('utf-8', 'replace')}"
        f"\nrequest: {smoke.payload}\nlog: {log or 'empty'}",
        hint="fix the function or its `smoke` and deploy again",
    )


def _json(answer: Invocation) -> Any:
    try:
        return json.loads(answer.payload)
    except (ValueError, RecursionError):
        return answer.payload.decode("utf-8", "replace")


def matches(expected: Any, answer: Any) -> bool:
    """A response is as expected if it has at least every expected key with the expected value.

    >>> matches({"ok": True}, {"ok": True, "id": 7}), matches({"ok": True}, {"ok": 1}), matches([1], [1, 2])
    (True, False, False)
    """
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            key in answer and matches(value, answer[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(answer, list) and len(answer) == len(expected) and all(map(matches, expected, answer))
    return type(expected) is type(answer) and bool(expected == answer)
