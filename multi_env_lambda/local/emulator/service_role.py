"""CloudFormation acts with the role that was given for a stack, for all later operations on that stack, too.

Reason: ministack ignores ``RoleARN``: a role that the caller may not pass, or that does not trust CloudFormation, works
here, and AWS refuses it.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html ("uses this role even
if the users don't have permission to pass it") and RoleARN in
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
Texts: glassechidna/stackit#21 for something that is not an ARN, aws-solutions/aws-waf-security-automations#33 for the
session's name.

What the role may then do is asked by ``caller_rights.py``, where that rule is kept.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .function_roles import trusts
from .names import load, original

__all__ = ["acting", "patch", "principal"]

_KEPT_AS = "RoleARN"
_SERVICE, _SESSION = "cloudformation", "AWSCloudFormation"
_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:.+/)?([^/]+)")
_STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>")
_KEYS = {"RoleARN": "cloudformation:RoleArn", "ChangeSetName": "cloudformation:ChangeSetName"}
"""What IAM compares of a request. A change set that is named by its ARN has the ARN here, which is the harder case."""
_OPERATIONS = ("CreateStack", "UpdateStack", "DeleteStack", "ContinueUpdateRollback", "RollbackStack")

_role: ContextVar[str] = ContextVar("role", default="")
"""ARN of the role of the stack that the running request is about; its operation's task has a copy."""


def patch() -> None:
    """Wrap the operations in CloudFormation's action table."""
    handlers = load("ministack.services.cloudformation.handlers")
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    resolve = original(handlers, "_resolve_stack")

    def of_stack(params: Any) -> Any:
        found = resolve(parameter(params, "StackName")) or {}
        return {} if found.get("StackStatus") == "DELETE_COMPLETE" else found

    def of_change_set(params: Any) -> Any:
        return find(parameter(params, "ChangeSetName"), parameter(params, "StackName"))[1] or {}

    for name in _OPERATIONS:
        actions[name] = _as_role(actions[name], parameter, of_stack, of_stack)
    actions["CreateChangeSet"] = _as_role(actions["CreateChangeSet"], parameter, of_stack, of_change_set)
    actions["ExecuteChangeSet"] = _executing(actions["ExecuteChangeSet"], of_change_set, resolve)
    actions["DescribeStacks"] = _telling(actions["DescribeStacks"], load("ministack.services.cloudformation"))
    known = load("ministack.core.iam_actions")
    known.request_tag_context = _of_requests(original(known, "request_tag_context"))


def acting() -> Any:
    """The principal that CloudFormation acts as in this stack; None if it acts as the caller."""
    found = _ARN.fullmatch(_role.get())
    if found is None:
        return None
    account, name = found.groups()
    return principal(account, name, _SESSION)


def principal(account: str, name: str, session: str, *, settled: bool = False) -> Any:
    """A session of a role for an AWS service; ``settled``: after IAM's delay."""
    evaluator, iam = load("ministack.core.iam_evaluator"), load("ministack.services.iam")
    role = iam._roles.get_scoped(account, None, name) or {}
    gather = original(evaluator, "_gather_role_policies")
    return evaluator.PrincipalInfo(
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        type="AssumedRole",
        account=account,
        policies=(inspect.unwrap(gather) if settled else gather)(name, account),
        keys={"aws:userid": f"{role.get('RoleId', '')}:{session}"},
        limits=original(evaluator, "_permissions_boundary")(iam._roles, name, account),
    )


def _as_role(
    run: Callable[[Any], Any], parameter: Any, before: Callable[[Any], Any], after: Callable[[Any], Any]
) -> Any:
    """``before`` finds the stack's role, ``after`` stores it."""

    def checked(params: Any) -> Any:
        passed = parameter(params, "RoleARN")
        role = passed or before(params).get(_KEPT_AS, "")
        refusal = _refusal(role, is_passed=bool(passed)) if role else None
        if refusal is not None:
            return refusal
        _role.set(role)
        answer = run(params)
        kept = after(params)
        if role and kept and answer[0] == 200:
            kept[_KEPT_AS] = role
        return answer

    return checked


def _executing(
    execute: Callable[[Any], Any], of_change_set: Callable[[Any], Any], resolve: Callable[[str], Any]
) -> Any:
    def executed(params: Any) -> Any:
        change_set = of_change_set(params)
        stack = resolve(change_set.get("StackName", "")) or {}
        role = change_set.get(_KEPT_AS) or stack.get(_KEPT_AS, "")
        refusal = _refusal(role, is_passed=False) if role else None
        if refusal is not None:
            return refusal
        _role.set(role)
        answer = execute(params)
        if role and answer[0] == 200:
            stack[_KEPT_AS] = role
        return answer

    return executed


def _refusal(role: str, *, is_passed: bool) -> Any:
    """Changing a stack does not require the right to pass its role; naming a role does."""
    refuse = original(load("ministack.services.cloudformation.handlers"), "_error")
    evaluator, responses = load("ministack.core.iam_evaluator"), load("ministack.core.responses")
    found = _ARN.fullmatch(role)
    if found is None:
        return refuse("ValidationError", f"{role} is not a valid RoleARN")
    key = original(evaluator, "_verified_key").get()
    context = {"iam:PassedToService": f"{_SERVICE}.amazonaws.com"}
    if is_passed and key and evaluator.enforce(key, "iam:PassRole", "iam", responses.get_region(), role, context):
        caller = evaluator.resolve_principal(key, responses.get_account_id()).arn
        return refuse(
            "AccessDenied", f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role}", 403
        )
    known = load("ministack.services.iam")._roles.get_scoped(responses.get_account_id(), None, found[2]) or {}
    if known.get("Arn") != role or not trusts(known.get("AssumeRolePolicyDocument") or "{}", _SERVICE):
        return refuse("ValidationError", f"Role {role} is invalid or cannot be assumed")
    return None


def _telling(describe: Callable[[Any], Any], cloudformation: Any) -> Callable[[Any], Any]:
    def tell(params: Any) -> Any:
        status, headers, body = describe(params)
        known = {stack["StackId"]: stack.get(_KEPT_AS) for stack in cloudformation._stacks.values()}

        def with_role(found: re.Match[str]) -> str:
            role = known.get(found[1])
            return found[0] + (f"<RoleARN>{role}</RoleARN>" if role else "")

        text = body.decode("utf-8") if isinstance(body, bytes) else body
        return status, headers, _STACK_ID.sub(with_role, text).encode("utf-8")

    return tell


def _of_requests(context_of: Any) -> Any:
    def told(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        keys = _KEYS if service == _SERVICE else {}
        said = {key: parameters.get(name) for name, key in keys.items()}
        return {**context, **{key: one[0] if isinstance(one, list) else one for key, one in said.items() if one}}

    return told
