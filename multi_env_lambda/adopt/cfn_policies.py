"""What a function may do: statements, managed policies, policy templates and roles in, our words out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, Own
from multi_env_lambda.adopt.cfn_values import fits, in_our_text, is_function
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Grant, Ours
from multi_env_lambda.adopt.sam_policy_table import MANAGED, REPLACED, TEMPLATES, WORDS, current_policy
from multi_env_lambda.model.key import Texts
from multi_env_lambda.model.keys.policy import STATEMENT
from multi_env_lambda.model.name import ARN
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["in_our_tree", "read_policies", "read_role", "statements_of"]

_LOGS = "AWSLambdaBasicExecutionRole"
_NAME = re.compile(r"\{([A-Za-z]+)\}")


def read_policies(draft: Draft, function: str, node: Node) -> None:
    """``Policies`` of a function of SAM: one, or a list, of names, ARNs, documents and templates."""
    items = node.items
    for one in items:
        value = draft.values.of(one)
        if isinstance(value, str) or is_function(value):
            _managed(draft, function, value, one)
        elif isinstance(value, Mapping) and "Statement" in value:
            _document(draft, function, value, one)
        elif isinstance(value, Mapping):
            for name, parameters in value.items():
                _template(draft, function, name, parameters, one)
        elif value is not None:
            draft.left(function, "Policies", one, "it is no policy that is known here")


def read_role(draft: Draft, function: str, role: Node, node: Node) -> None:
    """The policies of a role of the template are those of the function; ``node`` is what names the role."""
    key = draft.functions[function]
    reason = "the unit makes a role of its own for each function, with the same permissions"
    draft.changed(function, "Role", node, f"functions.{key}", reason)
    for one in _items(role.get("Properties", "ManagedPolicyArns")):
        _managed(draft, function, draft.values.of(one), one)
    for one in _items(role.get("Properties", "Policies")):
        document = draft.values.of(one.get("PolicyDocument"))
        if isinstance(document, Mapping):
            _document(draft, function, document, one)
    if (boundary := role.get("Properties", "PermissionsBoundary")) is not None:
        draft.left(
            function, "PermissionsBoundary", boundary, "set it for all units: `prefix` and `boundary` of `roles`"
        )


def _items(node: Node | None) -> tuple[Node, ...]:
    return () if node is None else node.items


def _managed(draft: Draft, function: str, value: Any, node: Node) -> None:
    if isinstance(value, str) and value.rpartition("/")[2] == _LOGS:
        draft.carried(function, _LOGS, node, "every function may write its logs")
        return
    text = draft.text(value)
    if isinstance(value, str) and "/" not in value and ":" not in value:
        text = _arn_of(value)
    policy = draft.resources.get(draft.referred(value), {})
    if text is not None and fits(ARN, text):
        policy_arn = current_policy(text)
        draft.append(function, "managed_policies", policy_arn)
        if policy_arn == text:
            draft.carried(function, "Policies", node, f"managed_policies: {text}")
        else:
            draft.changed(function, f"Policies: {text}", node, f"managed_policies: {policy_arn}", REPLACED)
    elif policy.get("Type") == "AWS::IAM::ManagedPolicy":
        policy["Properties"].setdefault("Roles", []).append(Ours("role", draft.functions[function]))
        draft.carried(function, "Policies", node, f"`Roles` of {draft.referred(value)} in stack.py")
    else:
        draft.left(function, "Policies", node, "it is neither the ARN nor the name of a managed policy of AWS")


def _arn_of(name: str) -> str:
    """The ARN of a managed policy of AWS."""
    return MANAGED.get(name, f"arn:aws:iam::aws:policy/{name}")


def _template(draft: Draft, function: str, name: str, parameters: Any, node: Node) -> None:
    given = parameters if isinstance(parameters, Mapping) else {}
    if name not in TEMPLATES:
        draft.left(function, name, node, "this policy template is not known here: write it as `policies`")
        return
    own = _own(draft, given)
    if own is not None and name in WORDS:
        for word in WORDS[name]:
            draft.append(function, word, own.key)
        draft.carried(function, name, node, ", ".join(f'{word} = ["{own.key}"]' for word in WORDS[name]))
        return
    for actions, patterns in TEMPLATES[name]:
        resources = [_filled(pattern, given, draft) for pattern in patterns]
        _statement(draft, function, {"Effect": "Allow", "Action": actions.split(), "Resource": resources}, node)
    draft.carried(function, name, node, "policies")


def _own(draft: Draft, given: Mapping[str, Any]) -> Own | None:
    """The resource of ours that the template names, if it is one."""
    return next((draft.own[name] for value in given.values() if (name := draft.referred(value)) in draft.own), None)


def _filled(pattern: str, given: Mapping[str, Any], draft: Draft) -> Any:
    """An ARN with the parameters of the policy template in it, in CloudFormation's words."""
    names = _NAME.findall(pattern.replace("${", "$("))
    if names == [pattern.strip("{}")]:
        return given.get(names[0], "*")
    left: dict[str, Any] = {}
    text = pattern
    for name in names:
        value = given.get(name, "*")
        if name == "TopicName" and (found := draft.target(value)) and found[1] == "TopicName":
            return {"Ref": found[0]}
        word = value if isinstance(value, str | int) else f"${{{name}}}"
        text = text.replace(f"{{{name}}}", str(word), 1)
        if not isinstance(value, str | int):
            left[name] = value
    plain = "${" not in text
    return text if plain else {"Fn::Sub": [text, left] if left else text}


def _document(draft: Draft, function: str, document: Mapping[str, Any], node: Node) -> None:
    for statement in _listed(document.get("Statement")):
        if isinstance(statement, Mapping):
            _statement(draft, function, statement, node)
    draft.carried(function, "Policies", node, "policies")


def _statement(draft: Draft, function: str, statement: Mapping[str, Any], node: Node) -> None:
    """One of our tables, where it can be one; else for ``stack.py``."""
    key = draft.functions[function]
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    effect, condition = statement.get("Effect", "Allow"), statement.get("Condition")
    if _only_logs(actions):
        return
    texts = [draft.text(one) for one in resources]
    tree = in_our_tree(condition or {})
    is_plain = bool(actions and resources) and set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    is_table = all(_accepted("resources", one) for one in texts) and all(_accepted("actions", one) for one in actions)
    if is_plain and is_table and tree is not None:
        more = ({"effect": "Deny"} if effect == "Deny" else {}) | ({"condition": tree} if tree else {})
        entry = {"actions": actions, "resources": list(dict.fromkeys(texts)), **more}
        draft.append(function, "policies", entry)
        return
    if is_plain and effect == "Allow" and condition is None:
        bodies = tuple(draft.body(one) for one in resources)
        draft.grants.append(Grant(function=key, actions=tuple(actions), resources=bodies))
        return
    body = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": f"{draft.unit}-{key}-{len(draft.resources)}",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [draft.body(dict(statement))]},
            "Roles": [Ours("role", key)],
        },
    }
    draft.add(logical_id(key, "More", "Policy"), body, node)


def _only_logs(actions: Iterable[Any]) -> bool:
    """Every function may write its logs."""
    found = {str(one) for one in actions}
    return bool(found) and found <= {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _accepted(key: str, text: Any) -> bool:
    kind = STATEMENT.kind(key)
    return isinstance(text, str) and isinstance(kind, Texts) and kind.rule is not None and kind.rule.accepts(text)


def in_our_tree(value: Any) -> Any:
    """A condition, with its texts as our tables have them; None if only the stack knows one of them."""
    if isinstance(value, Mapping) and not is_function(value):
        found = {key: in_our_tree(one) for key, one in value.items()}
        return None if None in found.values() else found
    if isinstance(value, list):
        texts = [in_our_tree(one) for one in value]
        return None if None in texts else texts
    return in_our_text(value) if isinstance(value, str | Mapping) else value


def statements_of(draft: Draft, node: Node) -> tuple[list[Any], list[Any]]:
    """The statements, and the managed policies, for anything but a function, both as CloudFormation has them."""
    statements: list[Any] = []
    managed: list[Any] = []
    for one in node.items:
        value = draft.values.of(one)
        if isinstance(value, str):
            managed.append(current_policy(value if ":" in value else _arn_of(value)))
        elif is_function(value):
            managed.append(draft.body(value))
        elif isinstance(value, Mapping) and "Statement" in value:
            statements += [draft.body(one) for one in _listed(value["Statement"])]
        elif isinstance(value, Mapping):
            for name, given in value.items():
                if name not in TEMPLATES:
                    draft.left("", name, one, "this policy template is not known here: write it in stack.py")
                for actions, patterns in TEMPLATES.get(name, ()):
                    resources = [draft.body(_filled(pattern, given or {}, draft)) for pattern in patterns]
                    statements.append({"Effect": "Allow", "Action": actions.split(), "Resource": resources})
    return statements, managed
