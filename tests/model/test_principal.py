"""Who is who: the table of cases, and that no name which a caller chooses makes another somebody."""

from __future__ import annotations

import re

import pytest

from multi_env_lambda.errors import AccountError
from multi_env_lambda.model.principal import principal_of, same_somebody, session_name_of

ROLE = "arn:aws:sts::111111111111:assumed-role"
IAM = "arn:aws:iam::111111111111"
ADMIN = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
POWER = "AWSReservedSSO_PowerUser_fedcba9876543210"

WHO = {
    f"{IAM}:user/ada": ("user", f"{IAM}:user/ada"),
    f"{IAM}:user/team/payments/ada": ("user", f"{IAM}:user/team/payments/ada"),
    f"{IAM}:root": ("account", f"{IAM}:root"),
    "arn:aws:sts::111111111111:federated-user/anything": ("account", f"{IAM}:root"),
    f"{ROLE}/{ADMIN}/ada@example.org": ("person", f"{IAM}:role/{ADMIN}/ada@example.org"),
    f"{ROLE}/ci/botocore-session-1795653712": ("role", f"{IAM}:role/ci"),
    f"{ROLE}/ci/ada@example.org": ("role", f"{IAM}:role/ci"),
    f"{ROLE}/github-deploy/GitHubActions": ("role", f"{IAM}:role/github-deploy"),
    f"{ROLE}/worker/i-0123456789abcdef0": ("role", f"{IAM}:role/worker"),
    f"{ROLE}/AWSReservedSSO_mine/ada": ("role", f"{IAM}:role/AWSReservedSSO_mine"),
    f"{ROLE}/OrganizationAccountAccessRole/x": ("role", f"{IAM}:role/OrganizationAccountAccessRole"),
    "arn:aws-cn:sts::111111111111:assumed-role/ci/x": ("role", "arn:aws-cn:iam::111111111111:role/ci"),
    "arn:aws-us-gov:iam::111111111111:user/ada": ("user", "arn:aws-us-gov:iam::111111111111:user/ada"),
    "arn:aws-us-gov:sts::111111111111:federated-user/x": ("account", "arn:aws-us-gov:iam::111111111111:root"),
}

JUNK = (
    "", "ada", "arn", "arn:aws:iam::111111111111:", "arn:aws:iam::1:user/ada", f"{IAM}:user/", f"{IAM}:group/all",
    f"{IAM}:role/ci", f"{IAM}:assumed-role/ci/x", f"{ROLE}/ci", f"{ROLE}/ci/", f"{ROLE}/ci/a/b", f"{ROLE}//x",
    "arn:aws:s3:::bucket", f"{IAM}:user/ada\n", f"{IAM}:user/a b", f"{IAM}:rooted", "arn:other:iam::111111111111:root",
    f"{IAM}:user/ädä", "arn:aws:sts::111111111111:user/ada", "github.com:0:ada", "github.com:7:", "github.com:7:a:b",
    "github.com:7", "gitlab.com:7:ada", "github.com:7:-ada", "github.com:7:ada[bot]", "github.com:7:ada\n",
)  # fmt: skip


@pytest.mark.parametrize("arn", WHO)
def test_who_an_arn_is(arn: str) -> None:
    found = principal_of(arn)

    assert (found.kind, found.name, found.account_id) == (*WHO[arn], "111111111111")


@pytest.mark.parametrize("arn", JUNK)
def test_an_arn_of_nobody_is_named(arn: str) -> None:
    with pytest.raises(AccountError, match=re.escape(repr(arn))):
        principal_of(arn)


def test_a_source_identity_that_is_enforced_tells_who_uses_a_role() -> None:
    ada, grace = (principal_of(f"{ROLE}/dev/any", who) for who in ("ada", "grace"))

    assert (ada.name, same_somebody(ada, grace)) == (f"{IAM}:role/dev/ada", False)
    assert same_somebody(ada, principal_of(f"{ROLE}/dev/another", "ada"))


def test_a_source_identity_makes_no_other_of_a_user_or_a_person() -> None:
    for arn in (f"{IAM}:user/ada", f"{ROLE}/{ADMIN}/ada@example.org", f"{IAM}:root"):
        assert principal_of(arn, "grace") == principal_of(arn)


def test_somebody_at_github_is_a_number_there_whatever_the_login_is() -> None:
    ada, renamed = principal_of("github.com:7:ada"), principal_of("github.com:7:lovelace")

    assert (ada.kind, ada.name, ada.person) == ("github", "github.com:7", "ada")
    assert same_somebody(ada, renamed) and not same_somebody(ada, principal_of("github.com:8:ada"))


SAME = [
    (f"{IAM}:user/ada", f"{IAM}:user/ada"),
    (f"{ROLE}/dev/ada", f"{ROLE}/dev/grace"),
    (f"{ROLE}/{ADMIN}/ada@example.org", f"{ROLE}/{POWER}/ada@example.org"),
    (f"{ROLE}/{ADMIN}/ada@example.org", f"{ROLE}/{ADMIN}/Ada@Example.org"),
    (f"{ROLE}/{ADMIN}/ada@x.org", f"arn:aws:sts::222222222222:assumed-role/{ADMIN}/ada@x.org"),
    ("arn:aws:sts::111111111111:federated-user/a", "arn:aws:sts::111111111111:federated-user/b"),
    ("arn:aws:sts::111111111111:federated-user/a", f"{IAM}:user/ada"),
    (f"{IAM}:root", "arn:aws:sts::111111111111:federated-user/a"),
    (f"{IAM}:root", f"{IAM}:user/ada"),
]

OTHERS = [
    (f"{IAM}:user/ada", f"{IAM}:user/grace"),
    (f"{IAM}:user/ada", "arn:aws:iam::222222222222:user/ada"),
    (f"{ROLE}/dev/ada", f"{ROLE}/approver/ada"),
    (f"{ROLE}/dev/ada", "arn:aws:sts::222222222222:assumed-role/dev/ada"),
    (f"{ROLE}/{ADMIN}/ada@example.org", f"{ROLE}/{ADMIN}/grace@example.org"),
    (f"{ROLE}/{ADMIN}/ada", f"{ROLE}/dev/ada"),
    ("arn:aws:sts::111111111111:federated-user/a", "arn:aws:iam::222222222222:user/ada"),
    ("arn:aws:sts::111111111111:federated-user/a", f"{ROLE}/dev/ada"),
]


@pytest.mark.parametrize(("pair", "expected"), [*((pair, True) for pair in SAME), *((pair, False) for pair in OTHERS)])
def test_who_is_the_same_somebody(pair: tuple[str, str], expected: bool) -> None:
    one, other = map(principal_of, pair)

    assert (same_somebody(one, other), same_somebody(other, one)) == (expected, expected)


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (f"{IAM}:user/team/ada", "ada"),
        (f"{ROLE}/{ADMIN}/ada@example.org", "ada@example.org"),
        (f"{IAM}:root", "root"),
        (f"{IAM}:user/x", "x-"),
        (f"{IAM}:user/{'a' * 100}", "a" * 64),
        ("arn:aws:sts::111111111111:federated-user/ä b:c", "c-"),
        ("", "--"),
    ],
)
def test_a_session_is_called_after_its_caller(arn: str, name: str) -> None:
    assert session_name_of(arn) == name
