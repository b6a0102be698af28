"""A policy that IAM would not take is refused before the first write."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.policy_size import check_policy_sizes
from tests.local.test_policy_sizes import beside, document, managed, role


@pytest.mark.parametrize(
    ("resources", "what"),
    [
        ({"Role": role(4000, 7000)}, "the inline policies of Role together"),
        ({"Role": role(4000), "Policy": beside(7000)}, "the inline policies of Role together"),
        ({"Policy": managed(7000)}, "the policy of Policy"),
    ],
)
def test_what_is_too_long_is_refused_with_both_numbers(resources: dict[str, Any], what: str) -> None:
    most = "6,144" if what.endswith("Policy") else "10,240"
    with pytest.raises(ConfigurationError, match=rf"{what}: [\d,]+ characters; IAM accepts {most}\nhint: "):
        check_policy_sizes(resources, "unit in prod")


def test_a_trust_policy_has_a_size_too() -> None:
    made = role()
    made["Properties"]["AssumeRolePolicyDocument"] = document(5000)
    with pytest.raises(ConfigurationError, match="the trust policy of Role: .* IAM accepts 4,096"):
        check_policy_sizes({"Role": made}, "unit in prod")


def test_what_fits_and_what_is_computed_passes() -> None:
    computed = {"Fn::Sub": "x" * 11_000}
    long = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": computed}]}
    made = role(4000, 5000)
    made["Properties"]["Policies"] += [{"PolicyName": "computed", "PolicyDocument": long}, {"Fn::If": ["a", {}, {}]}]
    check_policy_sizes({"Role": made, "Policy": managed(5000), "Other": beside(4000) | {"Type": "X"}}, "unit in prod")
