"""The functions of an account, and the numbered versions of functions and layers: list them, and delete one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_denied, text_of
from multi_env_lambda.errors import AccountError, MultiEnvLambdaError, StackError
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.versions import KeptFunction, KeptLayer, KeptVersion

__all__ = ["delete_function_version", "delete_layer_version", "functions_there", "kept_function", "kept_layers"]

_LATEST = "$LATEST"


def functions_there(client: Any, environment: str) -> frozenset[str]:
    """The names of all functions of an account and region, 50 to a page.

    Raises:
        AccountError: the role lacks the permission to list them.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
    """
    try:
        return frozenset(line["FunctionName"] for line in _pages(client.list_functions, "Functions"))
    except aws_errors() as error:
        raise _error(f"functions of {environment}", error) from error


def kept_function(client: Any, function_name: str) -> KeptFunction | None:
    """A function with all its versions and what its aliases point at; None if there is no such function.

    Raises:
        AccountError: the role lacks the permission to read.
    """
    try:
        lines = list(_pages(client.list_versions_by_function, "Versions", FunctionName=function_name))
        aliases = list(_pages(client.list_aliases, "Aliases", FunctionName=function_name))
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise _error(function_name, error) from error
    return KeptFunction(
        name=function_name,
        versions=tuple(_version(line) for line in lines if line["Version"] != _LATEST),
        aliased=frozenset(number for alias in aliases for number in _aliased(alias)),
        layers=tuple(arn for line in lines if line["Version"] == _LATEST for arn in _layers(line)),
    )


def kept_layers(client: Any, layer_name: str) -> tuple[KeptLayer, ...]:
    """All versions of a layer, newest first; none if there is no such layer.

    Raises:
        AccountError: the role lacks the permission to read.
    """
    try:
        lines = list(_pages(client.list_layer_versions, "LayerVersions", LayerName=layer_name))
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return ()
        raise _error(f"layer {layer_name}", error) from error
    return tuple(
        KeptLayer(
            name=layer_name,
            number=line["Version"],
            arn=line["LayerVersionArn"],
            description=line.get("Description", ""),
        )
        for line in lines
    )


def delete_function_version(client: Any, function_name: str, number: str, held: Held) -> None:
    """Delete one published version; one that is already gone is not an error. Lambda refuses one that an alias uses.

    Raises:
        PlanStale: the lease is lost.
        StackError: an alias points at it.
        AccountError: the role may not delete it.
    """
    # Without a qualifier this call deletes the whole function.
    assert number.isdigit(), number
    where = f"{function_name}:{number}"
    _delete(where, held, lambda: client.delete_function(FunctionName=function_name, Qualifier=number))


def delete_layer_version(client: Any, layer_name: str, number: int, held: Held) -> None:
    """Delete one version of a layer; one that is already gone is not an error.

    Raises:
        PlanStale: the lease is lost.
        AccountError: the role may not delete it.
    """
    _delete(
        f"layer {layer_name}:{number}",
        held,
        lambda: client.delete_layer_version(LayerName=layer_name, VersionNumber=number),
    )


def _delete(where: str, held: Held, send: Callable[[], object]) -> None:
    held.make_sure()
    try:
        send()
    except aws_errors() as error:
        if code_of(error) != "ResourceNotFoundException":
            raise _error(where, error) from error


def _pages(call: Callable[..., Any], field: str, **parameters: Any) -> Iterator[Any]:
    marker: dict[str, str] = {}
    while True:
        answer = call(**parameters, **marker)
        yield from answer[field]
        if not answer.get("NextMarker"):
            return
        marker = {"Marker": answer["NextMarker"]}


def _version(line: Any) -> KeptVersion:
    return KeptVersion(
        number=line["Version"],
        code_sha256=line["CodeSha256"],
        size=line.get("CodeSize", 0),
        layers=_layers(line),
    )


def _layers(line: Any) -> tuple[str, ...]:
    return tuple(layer["Arn"] for layer in line.get("Layers") or ())


def _aliased(alias: Any) -> tuple[str, ...]:
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return (alias["FunctionVersion"], *weights)


def _error(where: str, error: Exception) -> MultiEnvLambdaError:
    if is_denied(error):
        return AccountError(where, text_of(error), hint="allow the environment's role this action on the function")
    return StackError(where, text_of(error), hint="run the same command again")
