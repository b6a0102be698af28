"""Setting a source identity must be allowed by the caller's own policies and by the role's trust policy.

Reason: ministack ignores ``SourceIdentity``: a role whose trust policy allows only ``sts:AssumeRole``, such as
``OrganizationAccountAccessRole``, can be assumed with one here, and AWS refuses it.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
(``sts:SetSourceIdentity`` in the caller's policies and in the trust policy; ``sts:SourceIdentity`` is what is said,
``aws:SourceIdentity`` what a session has; it stays when another role is assumed, and cannot be changed) and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html (of what a request
says, ``sts:SetSourceIdentity`` knows ``sts:SourceIdentity`` alone: no ``sts:ExternalId``)
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from .names import load, original

__all__ = ["patch"]

_ASSUME, _SAY = "sts:AssumeRole", "sts:SetSourceIdentity"
_ALLOWED = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_KEPT_AS = "SourceIdentity"
_NAMED = "sts:sourceidentity"
_TOLD = {
    "SourceIdentity": _NAMED,
    "ExternalId": "sts:externalid",
    "RoleSessionName": "sts:rolesessionname",
}

_said: ContextVar[str] = ContextVar("said", default="")
"""The source identity of the session that the running request makes."""


class _Refused(Exception):
    """The trust policy lets the caller assume the role, but not set a source identity."""


def patch() -> None:
    """Wrap STS, the evaluation of trust policies, and what is known about a session."""
    evaluator, actions = load("ministack.core.iam_evaluator"), load("ministack.core.iam_actions")
    sts = load("ministack.services.sts")
    evaluator.evaluate_trust_policy = _with_both(original(evaluator, "evaluate_trust_policy"))
    actions.request_tag_context = _of_sessions(original(actions, "request_tag_context"))
    keys = _of_the_session(original(evaluator, "_principal_keys"), original(sts, "_sessions"))
    evaluator._principal_keys = sts._principal_keys = keys
    register = original(sts, "register_session")
    sts.register_session = lambda key, session: register(key, {**session, _KEPT_AS: _said.get()})
    sts.handle_request = _asking(sts, original(sts, "handle_request"))


def _asking(sts: Any, handle: Any) -> Any:
    evaluator, responses = load("ministack.core.iam_evaluator"), load("ministack.core.responses")
    key_of = original(load("ministack.core.router"), "extract_access_key_id")

    async def asked(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        told = {**query_params, **parse_qs(body.decode("utf-8", "replace"))}
        if _one(told, "Action") != "AssumeRole":
            return await handle(method, path, headers, body, query_params)
        key, role = key_of(headers, query_params), _one(told, "RoleArn")
        kept = sts._sessions.get(key, {}).get(_KEPT_AS, "")
        said = _one(told, "SourceIdentity") or kept
        if said and not _ALLOWED.fullmatch(said):
            return original(sts, "_error")(400, "ValidationError", "sourceIdentity: not allowed", ns="sts")
        _said.set(said)
        if said and (
            said != (kept or said)
            or evaluator.enforce(key, _SAY, "sts", responses.get_region(), role, {_NAMED: said}) is not None
        ):
            return _refusal(sts, headers, query_params, role)
        try:
            status, fields, answer = await handle(method, path, headers, body, query_params)
        except _Refused:
            return _refusal(sts, headers, query_params, role)
        text = answer.decode("utf-8") if isinstance(answer, bytes) else answer
        more = f"<SourceIdentity>{said}</SourceIdentity><PackedPolicySize>" if said else "<PackedPolicySize>"
        return status, fields, text.replace("<PackedPolicySize>", more).encode("utf-8")

    return asked


def _refusal(sts: Any, headers: Any, query_params: Any, role: str) -> Any:
    caller = original(sts, "_caller_identity")(headers, query_params)["userArn"]
    message = f"User: {caller} is not authorized to perform: {_SAY} on resource: {role}"
    return original(sts, "_error")(403, "AccessDenied", message, ns="sts")


def _with_both(evaluate: Callable[..., bool]) -> Callable[..., bool]:
    def evaluated(document: Any, caller: str, context: Any = None) -> bool:
        said = _said.get()
        if context is None or not said:
            return evaluate(document, caller, context)
        saying = dataclasses.replace(context, action=_SAY, service_context={_NAMED: said})
        knowing = dataclasses.replace(context, service_context={**context.service_context, _NAMED: said})
        if not evaluate(document, caller, knowing):
            return False
        if context.action == _ASSUME and not evaluate(document, caller, saying):
            raise _Refused
        return True

    return evaluated


def _of_sessions(context_of: Any) -> Any:
    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        said = {key: _one(parameters, name) for name, key in _TOLD.items()} if action == _ASSUME else {}
        return {**context, **{key: value for key, value in said.items() if value}}

    return told


def _of_the_session(keys_of: Callable[[Any], Any], sessions: Mapping[str, Any]) -> Callable[[Any], Any]:
    def keys(credential: Any) -> Any:
        kept = sessions.get(credential.access_key_id, {}).get(_KEPT_AS)
        return {**keys_of(credential), **({"aws:sourceidentity": kept} if kept else {})}

    return keys


def _one(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value or "")
