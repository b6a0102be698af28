"""A service accepts a role only if the role's trust policy lets the service assume it.

Reason: ministack accepts any role, so one that trusts somebody else works here, and AWS refuses it in the middle of a
deployment.
Texts: Lambda: Pizzaface/Alexa-Chromecast-Skill-2.0#9; Scheduler: hashicorp/terraform-provider-aws, which waits for its
words while IAM is late; Step Functions: lumigo-io/lumigo-CLI#83; Glue: boto/boto3#1487. Glue says it when a job is
started; whether it looks at the role of a job that is made is not known.

A condition counts as met in an Allow, and as not met in a Deny: organisations use such a Deny for principals that are
no services.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .names import load, original
from .resources import Check, check_first

__all__ = ["patch", "trusts"]


class _Service(NamedTuple):
    name: str
    code: str
    text: str


_LAMBDA = _Service(
    "lambda", "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
)
_GLUE = _Service(
    "glue", "InvalidInputException", "Role {role} should be given assume role permissions for Glue Service."
)
_SCHEDULER = _Service(
    "scheduler",
    "ValidationException",
    "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
)
_STATES = _Service(
    "states",
    "AccessDeniedException",
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role.",
)
_RESOURCES: Mapping[str, tuple[_Service, Callable[[Mapping[str, Any]], Any]]] = {
    "AWS::Lambda::Function": (_LAMBDA, lambda properties: properties.get("Role")),
    "AWS::Scheduler::Schedule": (_SCHEDULER, lambda properties: properties.get("Target", {}).get("RoleArn")),
    "AWS::StepFunctions::StateMachine": (_STATES, lambda properties: properties.get("RoleArn")),
}


def patch() -> None:
    """Check the role before it is set, through the API or CloudFormation."""
    respond = original(load("ministack.core.responses"), "error_response_json")

    def watch(module: str, operation: str, service: _Service, role_of: Callable[..., Any]) -> None:
        loaded = load(f"ministack.services.{module}")
        take = original(loaded, operation)

        def checked(*args: Any) -> Any:
            refusal = _refusal(service, role_of(*args))
            return take(*args) if refusal is None else respond(service.code, refusal, 400)

        setattr(loaded, operation, checked)

    watch("lambda_svc", "_create_function", _LAMBDA, lambda data: data.get("Role", ""))
    watch("lambda_svc", "_update_config", _LAMBDA, lambda _, data: data.get("Role"))
    for operation in ("_create_schedule", "_update_schedule"):
        watch("scheduler", operation, _SCHEDULER, lambda _, body: body.get("Target", {}).get("RoleArn"))
    for operation in ("_create_state_machine", "_update_state_machine"):
        watch("stepfunctions", operation, _STATES, lambda data: data.get("roleArn"))
    jobs = original(load("ministack.services.glue"), "_jobs")
    watch("glue", "_start_job_run", _GLUE, lambda data: jobs.get(data.get("JobName"), {}).get("Role"))
    for kind, (service, role_of) in _RESOURCES.items():
        check_first(kind, _checking(service, role_of))


def _checking(service: _Service, role_of: Callable[[Mapping[str, Any]], Any]) -> Check:
    def check(properties: Mapping[str, Any]) -> None:
        refusal = _refusal(service, role_of(properties))
        if refusal is not None:
            raise ValueError(f"{refusal} (Service: {service.name}, Status Code: 400, Error Code: {service.code})")

    return check


def _refusal(service: _Service, role: str | None) -> str | None:
    """What the service says about a role, given as ARN or name; nothing if the change does not mention a role."""
    if role is None:
        return None
    roles = original(load("ministack.services.iam"), "_roles")
    found = roles.get(str(role).rpartition("/")[2]) or {}
    if trusts(found.get("AssumeRolePolicyDocument") or "{}", service.name):
        return None
    return service.text.format(role=role)


def trusts(document: str | dict[str, Any], service: str) -> bool:
    """Whether a trust policy lets a service (``lambda``, ``cloudformation`` and so on) assume its role."""
    statements = _listed((json.loads(document) if isinstance(document, str) else document).get("Statement"))
    certain = [one for one in statements if one.get("Effect") == "Allow" or not one.get("Condition")]
    effects = {statement.get("Effect") for statement in certain if _is_about(statement, service)}
    return "Allow" in effects and "Deny" not in effects


def _is_about(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    names = ["*"] if principal == "*" else _listed(principal.get("Service")) if isinstance(principal, dict) else []
    # Step Functions may be named with its region.
    wanted = re.compile(rf"\*|{service}(\.[a-z0-9-]+)?\.amazonaws\.com")
    actions = [str(action).lower() for action in _listed(statement.get("Action"))]
    assumes = any(fnmatch.fnmatchcase("sts:assumerole", action) for action in actions)
    return assumes and any(wanted.fullmatch(str(name)) for name in names)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
