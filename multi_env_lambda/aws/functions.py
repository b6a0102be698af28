"""Lambda functions behind their alias: what code they run, one invocation, the alias's weights, the versions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from multi_env_lambda.aws.account import Invocation
from multi_env_lambda.aws.error_codes import (
    account_error,
    aws_errors,
    code_of,
    is_denied,
    is_lost,
    is_throttled,
    response_of,
    text_of,
)
from multi_env_lambda.aws.requests import retried
from multi_env_lambda.errors import AccountError, MultiEnvLambdaError, PlanStale, StackError
from multi_env_lambda.host.retrying import Retrying, pauses
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.versions import FunctionCode, LayerSays, ObjectPlace
from multi_env_lambda.wording import REPAIR_IT, advice

if TYPE_CHECKING:
    from multi_env_lambda.model.lease import Held

__all__ = [
    "Alias",
    "code_of_function",
    "alias_state",
    "create_alias",
    "find_code",
    "get_alias",
    "invoke",
    "layer_says",
    "layer_sha256",
    "send_code",
    "set_alias",
    "unreserve",
]

_Found = TypeVar("_Found")

_RESERVED = (
    "it runs at most as often at once as is reserved for it (`reserved_concurrency`), with 0 never: is it as the "
    "settings say? `drift` shows what was reserved by hand, if the role may read it"
)
_NOT_READY = frozenset({"CodeArtifactUserPendingException", "ResourceConflictException", "ResourceNotReadyException"})
_ABSENT = advice(
    "deploy the unit to this environment first; if it is deployed, somebody deleted this: `{}` creates it again",
    REPAIR_IT,
)


@attrs.frozen(kw_only=True)
class Alias:
    """Where an alias points. ``weights`` are the shares of versions other than ``version``."""

    version: str
    weights: tuple[tuple[str, float], ...]
    revision_id: str


def code_of_function(client: Any, function_name: str, qualifier: str) -> FunctionCode:
    """What this alias or version runs, according to Lambda.

    Raises:
        StackError: there is no such function or qualifier.
        AccountError: the role lacks the permission to read.
    """
    try:
        return _code(client.get_function_configuration(FunctionName=function_name, Qualifier=qualifier))
    except aws_errors() as error:
        raise _error(f"{function_name}:{qualifier}", error) from error


def find_code(client: Any, function_name: str, qualifier: str) -> FunctionCode | None:
    """As ``code_of_function``, or None if there is no such function, alias or version."""
    return _or_nothing(partial(code_of_function, client, function_name, qualifier))


def send_code(client: Any, function_name: str, code: ObjectPlace | bytes, held: Held, retrying: Retrying) -> None:
    """Upload code, stored somewhere or as the bytes of a zip, to the unpublished function; no version changes.

    No alias that a template names runs it either; `deploy --watch` points one there.

    Raises:
        PlanStale: the lease is lost.
        StackError: there is no such function or object, or Lambda refuses it.
        AccountError: the role may not update it.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    parameters = {"ZipFile": code} if isinstance(code, bytes) else _parameters(code)

    def send() -> None:
        held.make_sure()
        client.update_function_code(FunctionName=function_name, **parameters)
        _wait_updated(client, function_name, retrying.sleep)

    # The same bytes are sent again: whether a lost call was applied does not matter.
    _sent_again(send, function_name, retrying)


def _parameters(place: ObjectPlace) -> dict[str, str]:
    version = {"S3ObjectVersion": place.version_id} if place.version_id else {}
    return {"S3Bucket": place.bucket, "S3Key": place.key, **version}


def unreserve(client: Any, function_name: str, held: Held, retrying: Retrying) -> None:
    """Take back what is reserved for a function; if nothing is, that is not an error.

    Raises:
        PlanStale: the lease is lost.
        StackError: there is no such function, or Lambda does not take it back.
        AccountError: the role may not do it.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html
    """

    def send() -> None:
        held.make_sure()
        client.delete_function_concurrency(FunctionName=function_name)

    # Twice is as good as once: whether a lost answer was applied does not matter.
    _sent_again(send, function_name, retrying)


def _sent_again(send: Callable[[], None], function_name: str, retrying: Retrying) -> None:
    """A change that may be applied twice, until Lambda has taken it."""
    retried(
        send,
        lambda error: is_lost(error) or _is_busy(error),
        function_name,
        partial(_error, function_name),
        retrying,
    )


def _wait_updated(client: Any, function_name: str, sleep: Callable[[float], None]) -> None:
    """Until Lambda is done with this change, it accepts no other, not even CloudFormation's."""
    for pause in pauses():
        answer = client.get_function_configuration(FunctionName=function_name)
        if answer.get("LastUpdateStatus", "Successful") != "InProgress":
            return
        sleep(pause)


def layer_sha256(client: Any, arn: str) -> str | None:
    """The base64 SHA-256 of the zip of a layer version, according to Lambda; None if there is none.

    Raises:
        StackError: Lambda does not respond.
        AccountError: the role lacks the permission to read.
    """
    found = _layer_version(client, arn)
    return None if found is None else str(found["Content"]["CodeSha256"])


def layer_says(client: Any, arn: str) -> LayerSays | None:
    """What a version of a layer says about itself; None if there is none.

    Raises:
        StackError, AccountError: as for ``layer_sha256``.
    """
    found = _layer_version(client, arn)
    if found is None:
        return None
    runtimes, architectures = found.get("CompatibleRuntimes") or (), found.get("CompatibleArchitectures") or ()
    return LayerSays(runtimes=tuple(runtimes), architectures=tuple(architectures))


def _layer_version(client: Any, arn: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get_layer_version_by_arn(Arn=arn)
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise _error(arn, error) from error
    return found


def invoke(
    client: Any,
    function_name: str,
    alias: str,
    payload: bytes,
    retrying: Retrying,
) -> Invocation:
    """Invoke the function and wait for its response; retried while the function is not ready yet, or busy.

    Lambda has no idempotency tokens: if the response is lost, it is unknown whether the function ran.

    Raises:
        StackError: there is no such function or alias, or it does not respond.
        AccountError: the role may not call it.
    """
    where = f"{function_name}:{alias}"

    def call() -> Invocation:
        answer = client.invoke(FunctionName=function_name, Qualifier=alias, Payload=payload, LogType="Tail")
        return Invocation(
            payload=answer["Payload"].read(),
            error=answer.get("FunctionError"),
            log_tail=base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
            version=answer.get("ExecutedVersion", ""),
        )

    # A function that is throttled may be switched off (a reserved concurrency of 0): nobody waits minutes for that.
    return retried(call, _is_busy, where, partial(_error, where), retrying, throttled=lambda _: False)


def get_alias(client: Any, function_name: str, alias: str) -> Alias:
    """Where the alias points now.

    Raises:
        StackError: there is no such function or alias.
        AccountError: the role lacks the permission to read.
    """
    try:
        return _alias(client.get_alias(FunctionName=function_name, Name=alias))
    except aws_errors() as error:
        raise _error(f"{function_name}:{alias}", error) from error


def find_alias(client: Any, function_name: str, alias: str) -> Alias | None:
    """As ``get_alias``, or None if there is no such function or alias yet."""
    return _or_nothing(partial(get_alias, client, function_name, alias))


def alias_state(client: Any, function_name: str, alias: str) -> AliasState | None:
    """Where an alias points, or None if there is no such function or alias yet."""
    found = find_alias(client, function_name, alias)
    return None if found is None else AliasState(version=found.version, weights=found.weights)


def set_alias(client: Any, function_name: str, alias: str, wanted: Alias, held: Held) -> Alias:
    """Point the alias elsewhere, if it is still at ``wanted.revision_id``; returns its new state.

    Raises:
        PlanStale: somebody else changed the alias meanwhile, or took over the lease.
        StackError: there is no such function, alias or version.
        AccountError: the role may not change it.
    """
    where = f"{function_name}:{alias}"
    held.begin()
    try:
        answer = client.update_alias(
            FunctionName=function_name,
            Name=alias,
            FunctionVersion=wanted.version,
            RoutingConfig={"AdditionalVersionWeights": dict(wanted.weights)},
            RevisionId=wanted.revision_id,
        )
        return _alias(answer)
    except aws_errors() as error:
        # A call that was applied with a lost response gives the alias a new revision: our own retry is then refused.
        if is_lost(error) or code_of(error) in ("PreconditionFailed", "PreconditionFailedException"):
            now = get_alias(client, function_name, alias)
            if (now.version, now.weights) == (wanted.version, tuple(sorted(wanted.weights))):
                return now
            if now.revision_id != wanted.revision_id:
                what = f"somebody else pointed it at version {now.version} in the meantime"
                raise PlanStale(where, what, hint="run the command again") from error
        raise _error(where, error) from error


def create_alias(client: Any, function_name: str, alias: str, wanted: AliasState, held: Held) -> None:
    """Create an alias that somebody deleted; CloudFormation knows it by its name, and treats it as the one it created.

    Raises:
        PlanStale: the lease is lost.
        StackError: there is no such function or version, or somebody else is creating it.
        AccountError: the role may not create it.
    """
    held.begin()
    routing = {"RoutingConfig": {"AdditionalVersionWeights": dict(wanted.weights)}} if wanted.weights else {}
    try:
        client.create_alias(FunctionName=function_name, Name=alias, FunctionVersion=wanted.version, **routing)
    except aws_errors() as error:
        raise _error(f"{function_name}:{alias}", error) from error


def _alias(answer: Any) -> Alias:
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return Alias(
        version=answer["FunctionVersion"],
        weights=tuple(sorted((version, float(weight)) for version, weight in weights.items())),
        revision_id=answer.get("RevisionId", ""),
    )


def _or_nothing(look: Callable[[], _Found]) -> _Found | None:
    """What exists; None if Lambda says that there is no such function, alias or version."""
    try:
        return look()
    except StackError as error:
        if isinstance(error.__cause__, Exception) and code_of(error.__cause__) == "ResourceNotFoundException":
            return None
        raise


def _is_busy(error: Exception) -> bool:
    """Whether the same call may succeed in a moment."""
    return is_throttled(error) or code_of(error) in _NOT_READY


def _reserved(error: Exception) -> str:
    """Lambda's reason if it runs no more of the function than is reserved for it.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    reason = str(response_of(error).get("Reason", ""))
    return reason if reason.startswith("ReservedFunction") else ""


def _code(answer: Any) -> FunctionCode:
    layers = tuple(layer["Arn"] for layer in answer.get("Layers", ()))
    return FunctionCode(code_sha256=answer["CodeSha256"], layers=layers, version=answer["Version"])


def _error(where: str, error: Exception) -> MultiEnvLambdaError:
    known = account_error(where, error)
    if known is not None:
        return known
    if is_denied(error):
        return AccountError(where, text_of(error), hint="allow the environment's role this action on the function")
    if code_of(error) == "ResourceNotFoundException":
        return StackError(where, text_of(error), hint=_ABSENT)
    if reason := _reserved(error):
        return StackError(where, f"{text_of(error)} {reason}", hint=_RESERVED)
    if is_lost(error):
        return StackError(
            where, text_of(error), hint="the response was lost; check the function's log before repeating"
        )
    return StackError(where, text_of(error), hint="run the same command again")
