"""Look up what a unit names in an environment's account. Only descriptions are read, never values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_denied, text_of
from multi_env_lambda.aws.named_sources import LOOKED_FOR, absent
from multi_env_lambda.errors import AccountError, MultiEnvLambdaError, StackError
from multi_env_lambda.host.parallel import in_parallel, together
from multi_env_lambda.model.reference import MissingReference, Reference

__all__ = ["missing_references"]

_AT_ONCE = 50
"""DescribeParameters accepts this many names in one filter."""

_PUBLIC = "/aws/"
"""Parameters of AWS itself: CloudFormation resolves them, DescribeParameters does not list them."""


def missing_references(
    client: Callable[[str], Any], place: str, references: Sequence[Reference]
) -> tuple[MissingReference, ...]:
    """The references that CloudFormation or the function could not resolve, in the given order.

    Args:
        client: returns the client of a service in the account; called only for services that are needed.

    Raises:
        AccountError: the role lacks the permission to read.
    """
    parameters = {item.name for item in references if item.kind == "parameter" and not item.name.startswith(_PUBLIC)}
    secrets = {item.name for item in references if item.kind == "secret"}
    queues: dict[str, int] = {}
    for item in references:
        if item.kind == "queue":
            queues[item.name] = max(item.seconds, queues.get(item.name, 0))
    problems: dict[tuple[str, str], tuple[str, str]] = {}

    def find_parameters() -> None:
        found = _parameters(client("ssm"), place, parameters) if parameters else {}
        problems.update({("parameter", name): why for name, why in found.items()})

    def find_secrets() -> None:
        found = _secrets(client("secretsmanager"), place, secrets) if secrets else {}
        problems.update({("secret", name): why for name, why in found.items()})

    def find_queues() -> None:
        found = _queues(client("sqs"), place, queues) if queues else {}
        problems.update({("queue", arn): why for arn, why in found.items()})

    def find_others() -> None:
        for kind in LOOKED_FOR:
            names = {item.name for item in references if item.kind == kind}
            problems.update({(kind, name): why for name, why in absent(client, place, kind, names).items()})

    together(find_parameters, find_secrets, find_queues, find_others)
    return tuple(
        MissingReference(reference=item, what=problems[item.kind, item.name][0], hint=problems[item.kind, item.name][1])
        for item in references
        if (item.kind, item.name) in problems
    )


def _parameters(ssm: Any, place: str, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    wanted = sorted(names)
    kinds: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        kinds |= _kinds(ssm, place, wanted[start : start + _AT_ONCE])
    found = {}
    for name in wanted:
        if name not in kinds:
            hint = _written_by(name, place) or (
                f"create it in {place}: `aws ssm put-parameter --type String --name {name} --value …`"
            )
            found[name] = ("there is no such parameter", hint)
        elif kinds[name] == "SecureString":
            found[name] = (
                "it is a SecureString, which CloudFormation does not resolve here",
                "make it a secret and write { secret = … }, or make it a String",
            )
    return found


def _written_by(name: str, place: str) -> str:
    """Of a parameter that has the form of a unit's: who writes it."""
    parts = name.split("/")
    is_of_a_unit = len(parts) == 4 and not parts[0] and parts[2] == place
    return (
        f"deploy `{parts[1]}` to {place} first: its parameter `{parts[3]}` is written by its deploy"
        if is_of_a_unit
        else ""
    )


def _kinds(ssm: Any, place: str, names: Sequence[str]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    request: dict[str, Any] = {
        "ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": list(names)}],
        "MaxResults": _AT_ONCE,
    }
    while True:
        try:
            answer = ssm.describe_parameters(**request)
        except aws_errors() as error:
            raise _error(f"parameters in {place}", error, "ssm:DescribeParameters") from error
        kinds |= {item["Name"]: item["Type"] for item in answer["Parameters"]}
        if not answer.get("NextToken"):
            return kinds
        request["NextToken"] = answer["NextToken"]


def _secrets(client: Any, place: str, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    wanted = sorted(names)
    problems = in_parallel(lambda name: _problem(client, place, name), wanted)
    return {name: problem for name, problem in zip(wanted, problems, strict=True) if problem is not None}


def _problem(client: Any, place: str, name: str) -> tuple[str, str] | None:
    try:
        deleted = client.describe_secret(SecretId=name).get("DeletedDate")
    except aws_errors() as error:
        if code_of(error) != "ResourceNotFoundException":
            raise _error(f"secret {name} in {place}", error, "secretsmanager:DescribeSecret") from error
        hint = f"create it in {place}: `aws secretsmanager create-secret --name {name} …`"
        return "there is no such secret", hint
    if deleted is None:
        return None
    return (
        "it is scheduled for deletion",
        f"`aws secretsmanager restore-secret --secret-id {name}`, or refer to a different one",
    )


def _queues(client: Any, place: str, wanted: Mapping[str, int]) -> dict[str, tuple[str, str]]:
    """``wanted`` are the seconds that the slowest function behind a queue may take, by the queue's ARN."""
    found = {}
    for arn, seconds in sorted(wanted.items()):
        account_id, name = arn.split(":")[4:6]
        try:
            url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account_id)["QueueUrl"]
            answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        except aws_errors() as error:
            if "NonExistentQueue" in code_of(error) or code_of(error) == "QueueDoesNotExist":
                found[arn] = ("there is no such queue", f"create it in {place}, or fix the ARN")
                continue
            actions = "sqs:GetQueueUrl and sqs:GetQueueAttributes"
            raise _error(f"queue {arn} in {place}", error, actions) from error
        visible = int(answer["Attributes"]["VisibilityTimeout"])
        if visible < seconds:
            what = f"it hides a message for {visible} seconds, but the function may take {seconds}"
            found[arn] = (what, f"set its VisibilityTimeout to {6 * seconds} where it is created, as AWS recommends")
    return found


def _error(where: str, error: Exception, action: str) -> MultiEnvLambdaError:
    if is_denied(error):
        return AccountError(where, text_of(error), hint=f"allow the environment's role {action}")
    return StackError(where, text_of(error), hint="run the same command again")
