"""The accounts of a workspace as an organisation provides them: a role in each, a developer, the artifact bucket."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import PublishError
from multi_env_lambda.host.files import read_json, write_atomically
from multi_env_lambda.local.cloud import DEVELOPER, LocalCloud, places
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.environment import DEFAULT_ROLE_NAME
from multi_env_lambda.model.roles import PEOPLE

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Devops
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["MANAGEMENT_ACCOUNT_ID", "RootKey", "home_of", "root_client", "seed"]

_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_FORMAT = 5
_SEEDED = "multi-env-lambda:trust"
"""The tag of a role that says which trust the seed wrote."""


MANAGEMENT_ACCOUNT_ID = "999999999999"
"""The only account that ``OrganizationAccountAccessRole`` trusts; users of that role work there.

Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_create-cross-account-role.html
"""


@attrs.frozen(kw_only=True)
class RootKey:
    """Credentials for the root of every account at ``endpoint``; ``secret`` is the server's, created at its start."""

    endpoint: str
    secret: str = attrs.field(repr=False)


def seed(
    root: RootKey,
    folder: Path,
    config: WorkspaceConfig,
    *,
    fresh: bool,
    progress: Callable[[str], None],
    user: str = DEVELOPER,
) -> LocalCloud:
    """Create what is missing. Reads only one small file if nothing can be: same accounts and server (not ``fresh``).

    ``user`` works there; each user may assume the accounts' roles and nothing else, and belongs to the account that
    ``home_of`` names. Only a user whose own credentials are the way into an account may do everything there.
    """
    kept = folder / "seed.json"
    seeded = read_json(kept, {})
    known = seeded.get("keys", {})
    # Nobody loses a right because a table changes: an account that left it may still have stacks to be destroyed.
    accounts = sorted({*map(tuple, seeded.get("accounts", ())), *map(tuple, _accounts(config))})
    users = sorted({DEVELOPER, user, *known})
    trusts = [_trust(config, *account) for account in _accounts(config)]
    wanted = digest(
        [
            _of_bootstrap(config),
            _FORMAT,
            _accounts(config),
            home_of(config),
            trusts,
            [place.bucket for place in config.buckets],
            users,
        ]
    )
    if fresh or seeded.get("digest") != wanted:
        progress("setting up the local accounts")
        roles = [f"arn:aws:iam::{account_id}:role/{role_name}" for account_id, role_name in accounts]
        roles += _of_bootstrap(config)
        known = _seed(root, config, {name: known.get(name) for name in users}, roles)
        written = {"digest": wanted, "keys": known, "accounts": accounts}
        write_atomically(kept, canonical_json(written).encode("ascii"))
    return LocalCloud(
        endpoint=root.endpoint,
        region=config.devops.region,
        access_key_id=known[user][0],
        secret_access_key=known[user][1],
        folder=folder,
        user=user,
        keys={name: (key[0], key[1]) for name, key in known.items()},
    )


def root_client(root: RootKey, account_id: str, region: str, service: str) -> Any:
    """A client as the account's root, which only seeding and tests of the emulator itself may be.

    The emulator takes 12 digits as the key of that account's root, with the secret of the server's start. Nothing of
    the user's configuration is read.
    """
    return _root_clients(root, [(account_id, region, service)])[0]


def _root_clients(root: RootKey, wanted: list[tuple[str, str, str]]) -> list[Any]:
    """Created in turn from one session, which reads the service's description once and is not thread-safe."""
    import botocore.config

    from multi_env_lambda.aws.access import session_of_nobody

    session = session_of_nobody()
    config = botocore.config.Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 3})
    return [
        session.create_client(
            service,
            region_name=region,
            endpoint_url=root.endpoint,
            aws_access_key_id=account_id,
            aws_secret_access_key=root.secret,
            config=config,
        )
        for account_id, region, service in wanted
    ]


def _accounts(config: WorkspaceConfig) -> list[list[str]]:
    """Account and role of each place; environments may share them."""
    named = (place for place in places(config) if place.role_name)
    return [list(pair) for pair in sorted({(place.account_id, place.role_name) for place in named})]


def _of_bootstrap(config: WorkspaceConfig) -> list[str]:
    """The roles that people may become once `bootstrap` has made them."""
    if config.roles is None:
        return []
    made = (config.roles.of_devops(acting) for acting in PEOPLE if config.roles.people(acting))
    return [f"arn:aws:iam::{config.devops.account_id}:role/{name}" for name in made]


def home_of(config: WorkspaceConfig) -> str:
    """The account that people work in: the one that can reach the roles which the configuration names.

    Own credentials belong to the account that they are for; the organisation's role is assumed from the management
    account; and a custom role trusts the devops account here.
    """
    own = next((place.account_id for place in places(config) if not place.role_name), None)
    if own is not None:
        return own
    by_organization = any(place.role_name == DEFAULT_ROLE_NAME for place in places(config))
    return MANAGEMENT_ACCOUNT_ID if by_organization else config.devops.account_id


def _seed(
    root: RootKey, config: WorkspaceConfig, keys: dict[str, list[str] | None], roles: list[str]
) -> dict[str, list[str]]:
    """``roles`` are those that people may assume."""
    devops, home = config.devops, home_of(config)
    accounts = _accounts(config)

    clients = _root_clients(
        root,
        [
            *((account_id, devops.region, "iam") for account_id, _ in accounts),
            (home, devops.region, "iam"),
            *((place.account_id, place.region, "s3") for place in config.buckets),
        ],
    )
    of_accounts, iam, of_buckets = clients[: len(accounts)], clients[len(accounts)], clients[len(accounts) + 1 :]
    for client, (account_id, role_name) in zip(of_accounts, accounts, strict=True):
        _make_role(client, role_name, _trust(config, account_id, role_name))
    is_administrator = any(not place.role_name for place in places(config))
    made = {user: _make_user(iam, user, roles, key, is_administrator) for user, key in keys.items()}
    for s3, place in zip(of_buckets, config.buckets, strict=True):
        _make_bucket(s3, place, config)
    return made


def _trust(config: WorkspaceConfig, account_id: str, role_name: str) -> str:
    """The organisation's role is as the organisation creates it; a custom one trusts whom the table says.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    if role_name == DEFAULT_ROLE_NAME:
        root = f"arn:aws:iam::{MANAGEMENT_ACCOUNT_ID}:root"
        return _document(_allow(Action="sts:AssumeRole", Principal={"AWS": root}))
    of_role = [place for place in places(config) if (place.account_id, place.role_name) == (account_id, role_name)]
    told = sorted({place.external_id for place in of_role})
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": told}}} if all(told) else {}
    trusted = {"Principal": {"AWS": f"arn:aws:iam::{home_of(config)}:root"}}
    # A statement of its own: sts:SetSourceIdentity knows no sts:ExternalId.
    says = any(place.source_identity for place in of_role)
    named = [_allow(Action="sts:SetSourceIdentity", **trusted)] if says else []
    return _document(_allow(Action="sts:AssumeRole", **trusted, **condition), *named)


def _make_role(iam: Any, role_name: str, trust: str) -> None:
    """An existing role keeps its rights and trust; only a trust that the seed wrote follows the table."""
    seeded = [{"Key": _SEEDED, "Value": digest(json.loads(trust))}]
    try:
        iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust, Tags=seeded)
    except iam.exceptions.EntityAlreadyExistsException:
        there = iam.get_role(RoleName=role_name)["Role"]
        if {"Key": _SEEDED, "Value": digest(there["AssumeRolePolicyDocument"])} in there.get("Tags", ()):
            iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=trust)
            iam.tag_role(RoleName=role_name, Tags=seeded)
    else:
        iam.attach_role_policy(RoleName=role_name, PolicyArn=_ADMINISTRATOR)


def _make_user(iam: Any, user: str, roles: list[str], key: list[str] | None, is_administrator: bool) -> list[str]:
    """The user, with one key. The one already handed out stays valid as long as the server knows it."""
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=user)
    if roles:
        policy = _document(_allow(Action=["sts:AssumeRole", "sts:SetSourceIdentity"], Resource=roles))
        iam.put_user_policy(UserName=user, PolicyName="assume-roles", PolicyDocument=policy)
    if is_administrator:
        iam.attach_user_policy(UserName=user, PolicyArn=_ADMINISTRATOR)
    present = [found["AccessKeyId"] for found in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]
    if key is not None and key[0] in present:
        return key
    for access_key_id in present:
        iam.delete_access_key(UserName=user, AccessKeyId=access_key_id)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return [made["AccessKeyId"], made["SecretAccessKey"]]


def _make_bucket(s3: Any, place: Devops, config: WorkspaceConfig) -> None:
    # The bucket is set up by the same code as on AWS; only here does this ring look into another.
    from multi_env_lambda.aws.bucket_setup import create_for

    # What others set on the bucket stops `bootstrap`, which says so, but no command that starts the cloud.
    with suppress(PublishError):
        create_for(s3, place, config)


def _allow(**fields: object) -> dict[str, object]:
    return {"Effect": "Allow", **fields}


def _document(*statements: dict[str, object]) -> str:
    return canonical_json({"Version": "2012-10-17", "Statement": list(statements)})
