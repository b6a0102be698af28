"""What exists: many stacks at once, and what is in one of them. Nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, Literal

from multi_env_lambda.aws.error_codes import aws_errors, is_denied
from multi_env_lambda.aws.poller import StackReading, pages_of, reading_of
from multi_env_lambda.aws.requests import stack_error
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.record import PhysicalResource

__all__ = ["find_stacks", "resources_of", "template_of", "unchecked_of"]

_BY_NAME = 3
"""Up to this many stacks are read by name; a page of all stacks of an account has up to 100."""


def find_stacks(
    client: Any, where: str, describe: Callable[[str], StackReading | None], names: Collection[str]
) -> dict[str, StackReading]:
    """The existing stacks with these names.

    Raises:
        StackError: they cannot be read.
    """
    found = _listed(client, where, len(names) // 2) if len(names) > _BY_NAME else None
    if found is None:
        readings = in_parallel(describe, names)
        found = {reading.name: reading for reading in readings if reading is not None}
    return {name: found[name] for name in names if name in found}


def _listed(client: Any, where: str, pages: int) -> dict[str, StackReading] | None:
    """Every stack of the account and region by name; None for a role that may see only its own, or if reading
    each by name is cheaper than that many pages."""
    found: dict[str, StackReading] = {}
    try:
        for number, page in enumerate(pages_of(client)):
            if number >= pages:
                return None
            found |= {stack["StackName"]: reading_of(stack) for stack in page}
        return found
    except aws_errors() as error:
        if is_denied(error):
            return None
        raise stack_error(where, error) from error


def resources_of(client: Any, where: str, stack: str) -> tuple[PhysicalResource, ...]:
    """What is in the stack with this name or id, by the names that AWS knows it under.

    Raises:
        StackError: there is no such stack, or it cannot be read.
    """
    return tuple(
        PhysicalResource(
            logical_id=line["LogicalResourceId"],
            type=line["ResourceType"],
            physical_id=line.get("PhysicalResourceId", ""),
        )
        for line in _summaries(client, where, stack)
    )


def unchecked_of(client: Any, where: str, stack: str) -> tuple[str, ...]:
    """What a finished drift detection did not cover, as ``Name (type)``.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDriftInformation.html

    Raises:
        StackError: there is no such stack, or it cannot be read.
    """
    silent = ("NOT_CHECKED", "UNKNOWN", "UNSUPPORTED")
    return tuple(
        f"{line['LogicalResourceId']} ({line['ResourceType']})"
        for line in _summaries(client, where, stack)
        if line.get("DriftInformation", {}).get("StackResourceDriftStatus", silent[0]) in silent
    )


def _summaries(client: Any, where: str, stack: str) -> list[Any]:
    found: list[Any] = []
    token: dict[str, str] = {}
    try:
        while True:
            answer = client.list_stack_resources(StackName=stack, **token)
            found += answer["StackResourceSummaries"]
            if not answer.get("NextToken"):
                break
            token = {"NextToken": answer["NextToken"]}
    except aws_errors() as error:
        raise stack_error(where, error) from error
    return [line for line in found if line["ResourceStatus"] != "DELETE_COMPLETE"]


def template_of(client: Any, where: str, stack: str, stage: Literal["Original", "Processed"] = "Original") -> str:
    """The template of the stack with this name or id as it was sent; botocore parses JSON, and leaves YAML as text.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html

    Raises:
        StackError: there is no such stack, or it cannot be read.
    """
    try:
        body = client.get_template(StackName=stack, TemplateStage=stage)["TemplateBody"]
    except aws_errors() as error:
        raise stack_error(where, error) from error
    return body if isinstance(body, str) else json.dumps(body)
