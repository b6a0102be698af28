"""The local cloud's evaluator, with its rules: cases as JSON on standard input, a verdict of each out.

Run by the Python that has ministack: FIRST_JUDGE FOLDER_OF_MULTI_ENV_LAMBDA/local.
"""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])
VERDICTS = {"Allow": "allowed", "ImplicitDeny": "denied", "Deny": "forbidden"}


def entity(principal):
    account, _, named = principal.partition("::")[2].partition(":")
    kind, name = named.split("/")[:2]
    return account, kind, name


def remember(evaluator, case):
    """The account has the caller, and the boundary that the case gives to it."""
    iam, responses = (importlib.import_module(f"ministack.{name}") for name in ("services.iam", "core.responses"))
    account, kind, name = entity(case["principal"])
    responses.set_request_account_id(account)
    store, arn = (iam._users, "user") if kind == "user" else (iam._roles, "role")
    bounded = {"PermissionsBoundary": "the case's own"} if case["boundary"] else {}
    store[name] = {"Arn": f"arn:aws:iam::{account}:{arn}/{name}", **bounded}
    return account, "User" if kind == "user" else "AssumedRole"


def verdict(evaluator, case):
    account, kind = remember(evaluator, case)
    told = {key.lower(): value for key, value in case["context"].items()}
    context = evaluator.EvalContext(
        principal_arn=case["principal"],
        principal_type=kind,
        principal_account=account,
        action=case["action"],
        resource_arn=case["resource"],
        region="us-east-1",
        secure_transport=told.pop("aws:securetransport", "true") == "true",
        service_context=told,
    )
    parse = evaluator.parse_policy_document
    limits = [[parse(case["boundary"])]] if case["boundary"] else []
    found = evaluator.evaluate(context, [parse(one) for one in case["identity"]], *limits)
    policy = case["of_resource"]
    if case["action"].startswith("sts:"):
        trusts = evaluator.evaluate_trust_policy(policy, case["principal"], context)
        return VERDICTS[found.decision] if trusts else "denied"
    if policy or account != case["account"]:
        found = evaluator.combine_resource_policy(found, context, policy, case["account"], limits=tuple(limits))
    return VERDICTS[found.decision]


def main():
    from emulator import conditions

    evaluator = importlib.import_module("ministack.core.iam_evaluator")
    conditions.patch()
    json.dump([verdict(evaluator, case) for case in json.load(sys.stdin)], sys.stdout)


main()
