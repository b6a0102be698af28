"""A correct policy passes and each Deny denies, by the local cloud and by a second evaluator that we did not write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.operations.permissions import permissions_of
from multi_env_lambda.plan.grant import Grant

from .cases import ALLOWED, CASES, DENIED, FORBIDDEN, Case, Document, document, without_denials
from .judges import first_judge, second_judge

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]

ROOT = Path(__file__).parent.parent.parent
DENIALS = tuple(case for case in CASES if case.verdict == FORBIDDEN)
PLACES = ("prod", "devops")

Verdicts = Mapping[str, tuple[str, str]]


def judged(cases: tuple[Case, ...]) -> Verdicts:
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    return dict(zip(names, zip(first_judge(cases), second_judge(cases), strict=True), strict=True))


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    return judged(CASES)


@pytest.fixture(scope="module")
def without() -> Verdicts:
    return judged(tuple(without_denials(case) for case in DENIALS))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_judges_say_what_aws_says(verdicts: Verdicts, case: Case) -> None:
    assert verdicts[case.name] == (case.verdict, case.second or case.verdict)


@pytest.mark.parametrize("case", DENIALS, ids=lambda case: case.name)
def test_a_deny_is_what_denies(without: Verdicts, case: Case) -> None:
    policies = [*case.identity, *(one for one in (case.boundary, case.of_resource) if one)]
    denials = [item for policy in policies for item in policy["Statement"] if item["Effect"] == "Deny"]

    assert len(denials) == 1
    assert without[case.name] == (ALLOWED, ALLOWED)


def test_the_second_judge_is_another_in_two_things() -> None:
    """It fills in variables whatever the version, and spares who is named in part by NotPrincipal."""
    assert {case.name for case in CASES if case.second} == {
        "no variables in 2008-10-17 version",
        "no variables in no version",
        "the account is not left out",
        "the role is not left out",
    }


def filled(text: str) -> str:
    return text.replace("*", "x").replace("?", "a")


def requests(place: str, grants: tuple[Grant, ...]) -> Iterator[Case]:
    """Each action of each statement on each of its resources, by a role that has this statement."""
    for grant in grants:
        conditions = dict(grant.condition or {}).values()
        told = {key: values for one in conditions for key, values in one.items()}
        context = {key: filled(value if isinstance(value, str) else value[0]) for key, value in told.items()}
        for action in grant.actions:
            for resource in grant.resources:
                account = resource.split(":")[4] if resource.count(":") > 4 else ""
                yield Case(
                    name=f"{place} {grant.sid} {action} {resource}",
                    source="printed",
                    verdict=ALLOWED,
                    action=action,
                    resource="*" if resource == "*" else filled(resource),
                    principal="arn:aws:sts::555555555555:assumed-role/deployer/ada",
                    account=account or "555555555555",
                    identity=(document(grant.statement()),),
                    context=context,
                )


def printed(place: str) -> tuple[Case, ...]:
    workspace = Workspace.open(ROOT, local=False)
    return tuple(requests(place, permissions_of(ROOT, workspace.config, workspace.configs, place, {}).grants))


def elsewhere(case: Case, role: Document) -> Case:
    """The same of another environment, by a role that has all that is printed."""
    resource = case.resource.replace("-prod", "-test")
    return attrs.evolve(case, name=f"elsewhere {case.name}", resource=resource, identity=(role,))


@pytest.fixture(scope="module")
def of_the_samples() -> Verdicts:
    """By name; what belongs to another environment has ``elsewhere`` before its own."""
    asked = {place: printed(place) for place in PLACES}
    role = document(*{name: one for case in asked["prod"] for name, one in statement_of(case)}.values())
    others = tuple(elsewhere(case, role) for case in asked["prod"] if "-prod" in case.resource)
    return judged((*asked["prod"], *asked["devops"], *others))


def statement_of(case: Case) -> Iterator[tuple[str, Document]]:
    """By its name; of the document that a case of ``requests`` has."""
    for one in case.identity[0]["Statement"]:
        yield one["Sid"], one


NO_REQUEST = 'error: {"message":"no.resource.types"}'
"""A statement may name resources that one of its actions has nothing to do with."""

OF_OTHERS = {"lambda:GetCodeSigningConfig", "lambda:PassCapacityProvider", "s3:PutObjectAcl"}
"""Of something else than what the statement's resources are; the samples make none of it."""

OF_TWO_KINDS = {f"lambda:{verb}ProvisionedConcurrencyConfig" for verb in ("Delete", "Get", "Put")}
"""Of an alias or a version, whose ARNs look alike: the second judge does not choose."""


def test_what_is_printed_for_the_samples_is_allowed_by_both(of_the_samples: Verdicts) -> None:
    own = {name: found for name, found in of_the_samples.items() if not name.startswith("elsewhere ")}
    allowed = {name.split()[2] for name, (_, second) in own.items() if second == ALLOWED}

    assert {name for name, (first, _) in own.items() if first != ALLOWED} == set()
    assert {name: second for name, (_, second) in own.items() if second not in (ALLOWED, NO_REQUEST)} == {}
    assert {name.split()[2] for name in own} - allowed <= OF_OTHERS | OF_TWO_KINDS


def test_what_is_printed_for_one_environment_is_denied_on_anothers_by_both(of_the_samples: Verdicts) -> None:
    others = {name: found for name, found in of_the_samples.items() if name.startswith("elsewhere ")}

    assert len(others) > 100
    assert {name: first for name, (first, _) in others.items() if first != DENIED} == {}
    assert {name: second for name, (_, second) in others.items() if second not in (DENIED, NO_REQUEST)} == {}
