"""A workspace whose table has roles, on a local cloud where `bootstrap` has made them, and the way into each role."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.api.opened import ACTING_VARIABLE, LOCAL_USER_VARIABLE
from multi_env_lambda.host.files import read_json
from multi_env_lambda.local.cloud import state_folder
from multi_env_lambda.local.seed import RootKey, root_client
from multi_env_lambda.local.server import down
from multi_env_lambda.local.strict import VARIABLE

from .stage import Done, Stage, commit, sample_workspace

__all__ = ["ACCOUNTS", "BUCKET", "Bootstrapped", "bootstrapped", "denied"]

ACCOUNTS = {"devops": "1" * 12, "sandbox": "2" * 12, "test": "3" * 12, "staging": "4" * 12, "prod": "5" * 12}
BUCKET = "acme-artifacts-111111111111-us-east-1"
_REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403", "UnauthorizedOperation")
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_ORGANIZATION = "OrganizationAccountAccessRole"
_TABLE = """
[tool.multi_env_lambda.roles]
prefix = "acme"
"""


@attrs.frozen
class Bootstrapped:
    """``run`` is a verb as somebody: a developer, an approver or an administrator, whom ``user`` names."""

    stage: Stage
    root_key: RootKey

    def run(self, verb: str, *words: str, acting: str = "", user: str = "") -> Done:
        said = {ACTING_VARIABLE: acting, LOCAL_USER_VARIABLE: user}
        return self.stage.script(verb, *words, env={name: value for name, value in said.items() if value})

    def root(self, place: str, service: str) -> Any:
        """A client as the account's root, which no policy binds."""
        return root_client(self.root_key, ACCOUNTS[place], "us-east-1", service)

    def user(self, service: str) -> Any:
        """A client as the one who works here, with nothing but her own rights."""
        cloud = self.stage.cloud
        keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
        return boto3.client(service, endpoint_url=cloud.endpoint, region_name="us-east-1", **keys)

    def thief(self, place: str, role: str, session: str = "thief") -> Thief:
        """Somebody who got hold of a role: for this test its trust policy lets its own account in, too."""
        iam = self.root(place, "iam")
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        own = {"AWS": f"arn:aws:iam::{ACCOUNTS[place]}:root"}
        opened = [*trust["Statement"], {"Effect": "Allow", "Principal": own, "Action": "sts:AssumeRole"}]
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps({**trust, "Statement": opened}))
        arn = iam.get_role(RoleName=role)["Role"]["Arn"]
        answer = self.root(place, "sts").assume_role(RoleArn=arn, RoleSessionName=session)
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        return Thief(self.root_key.endpoint, answer["Credentials"], answer["AssumedRoleUser"]["AssumedRoleId"])

    def without_the_organisations_role(self) -> None:
        """Nobody gets in by it any more, and who is in may do nothing."""
        for place in ACCOUNTS:
            self.root(place, "iam").detach_role_policy(RoleName=_ORGANIZATION, PolicyArn=_ADMINISTRATOR)


@attrs.frozen
class Thief:
    endpoint: str
    keys: dict[str, Any] = attrs.field(repr=False)
    user_id: str

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
        )


def denied(client: Any, call: str, **parameters: Any) -> bool:
    """Whether AWS says that this may not be; any other answer is an error of the test."""
    try:
        getattr(client, call)(**parameters)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in _REFUSALS, error
        return True
    return False


def _bootstrap(made: Bootstrapped) -> None:
    done = made.run("bootstrap")
    assert done.code == 0, done.err


@contextmanager
def bootstrapped(
    folder: Path,
    *,
    units: tuple[str, ...],
    table: str = "",
    staging: str = "",
    more: str = "",
    rules: str = "caller-rights",
    roles: str = _TABLE,
    set_up: Callable[[Bootstrapped], None] | None = None,
) -> Iterator[Bootstrapped]:
    """The named sample units; ``table`` is added to what the root table says of the environment prod, ``staging`` to
    that one, ``roles`` and ``more`` at its end. ``set_up`` is instead of `bootstrap`."""
    root = sample_workspace(folder)
    for path in (root / "projects").iterdir():
        if path.name not in units:
            shutil.rmtree(path)
    file = root / "pyproject.toml"
    text = file.read_text("utf-8")
    for name, said in (("prod", table), ("staging", staging)):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\n{said}')
    file.write_text(text + roles + more, "utf-8")
    commit(root)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, rules)
        try:
            stage = Stage.at(root)
            secret = read_json(state_folder(root) / "listening.json", {})["secret"]
            found = Bootstrapped(stage, RootKey(endpoint=stage.cloud.endpoint, secret=secret))
            (set_up or _bootstrap)(found)
            yield found
        finally:
            down(root)
