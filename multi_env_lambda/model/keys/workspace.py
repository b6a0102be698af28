"""The keys of the root ``pyproject.toml``, without those about pushes and pull requests."""

from __future__ import annotations

from multi_env_lambda.model.environment import CALLER, DEFAULT_ROLE_NAME
from multi_env_lambda.model.key import ByName, Choice, Either, Flag, Inner, Inners, Key, Keys, Number, Rule, Text, Texts
from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.name import (
    ACCOUNT_ID,
    BUCKET,
    ENVIRONMENT_NAME,
    EXTERNAL_ID,
    REGION,
    ROLE_NAME,
    SOURCE_IDENTITY,
    WORKSPACE_ID,
)
from multi_env_lambda.model.roles import DEPLOYERS, PERSON
from multi_env_lambda.model.units_folder import DEFAULT_FOLDER, FOLDER

__all__ = ["BOUNDS", "DEVOPS", "ENVIRONMENT", "ROLES", "WORKSPACE"]

_PREFIX = Rule(
    pattern=r"[a-z](-?[a-z0-9])*",
    maximum=16,
    allowed="up to 16 small letters, digits and single hyphens, beginning with a letter",
    hint="roles, policies and stacks of `bootstrap` are called after it, for example `acme`",
)
_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action or a pattern such as "s3:Get*"',
    hint="write the service, a colon and the name of the call; use `*` and `?` as wildcards",
)
_TYPE = Rule(
    pattern=r"\*|[A-Za-z0-9]+::[A-Za-z0-9:*?]+",
    allowed='a CloudFormation resource type or a pattern such as "AWS::Lambda::*"',
    hint="write it as in a template",
)
_POLICY = Rule(
    pattern=r"arn:[a-z-]+:iam::[a-z0-9*?]*:policy/.+",
    allowed='the ARN of a policy or a pattern such as "arn:aws:iam::aws:policy/*ReadOnlyAccess"',
    hint="use `*` and `?` as wildcards",
)
_BOUNDARY = Rule(
    pattern=r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+|[A-Za-z0-9+=,.@_-]{1,128}",
    allowed='the ARN of a policy, or its name such as "unit-boundary"',
    hint="a plain name refers to the environment's own account",
)

_ACCOUNT = Key(
    "account_id",
    Text(ACCOUNT_ID),
    "The number of the AWS account. Write it in quotes: leading zeros are part of it.",
    'account_id = "222222222222"',
    required=True,
)
_ACCESS = (
    Key(
        "role_name",
        Either((Choice(("",)), Text(ROLE_NAME, DEFAULT_ROLE_NAME))),
        'The role to assume in this account. ``""`` means: use your own credentials.\n'
        "The default is the role that AWS Organizations creates in member accounts.\n"
        "With :ref:`roles <workspace.roles>`, it is only needed to run ``bootstrap``.",
        'role_name = "Deployer"',
    ),
    Key(
        "external_id",
        Text(EXTERNAL_ID, ""),
        "The external id that the trust policy of the role requires (``sts:ExternalId``).",
        'external_id = "acme-deploys"',
        default="none",
        off=True,
    ),
    Key(
        "source_identity",
        Either((Flag(False), Text(SOURCE_IDENTITY))),
        f'The source identity of the session (``sts:SourceIdentity``). ``true`` or ``"{CALLER}"``: your own name.',
        "source_identity = true",
    ),
)

DEVOPS = Keys(
    title="The devops account",
    header="[tool.multi_env_lambda.devops]",
    about="The account that stores artifacts and records, and runs the CI.",
    keys=(
        _ACCOUNT,
        Key("region", Text(REGION), "The region of the artifact bucket.", 'region = "us-east-1"', required=True),
        Key(
            "bucket",
            Text(BUCKET, allowed="the name of a bucket, without a dot"),
            "The artifact bucket, which ``bootstrap devops`` creates.",
            'bucket = "acme-artifacts-111111111111-us-east-1"',
            required=True,
        ),
        Key(
            "buckets",
            ByName(Text(BUCKET)),
            "The names of the buckets in other regions, by region: :doc:`../02-How-To/regions`.",
            'buckets = { eu-west-1 = "acme-artifacts-111111111111-eu-west-1" }',
            default="the name of ``bucket``, with that region",
            off=True,
        ),
        *_ACCESS,
    ),
)

BOUNDS = Keys(
    title="Limits for every unit",
    header='[[tool.multi_env_lambda.environments]]\nname = "prod"\naccount_id = "555555555555"\n'
    "[tool.multi_env_lambda.environments.bounds]",
    about="No unit in the environment may exceed them: :doc:`../02-How-To/rights-and-bounds`.",
    keys=(
        Key(
            "actions",
            Texts(_ACTION),
            "What roles of units may be allowed, as patterns.",
            'actions = ["s3:*", "dynamodb:*", "logs:*"]',
            default="anything",
            off=True,
        ),
        Key(
            "managed_policies",
            Texts(_POLICY),
            "The managed policies that may be attached, as patterns of ARNs. It requires ``actions``:\n"
            "where actions are limited, a policy that is not named here is refused.",
            'actions = ["s3:*"]\nmanaged_policies = ["arn:aws:iam::aws:policy/*ReadOnlyAccess"]',
            default="none, if ``actions`` is set",
        ),
        Key(
            "resource_types",
            Texts(_TYPE),
            "The CloudFormation resource types that stacks may contain, as patterns.",
            'resource_types = ["AWS::Lambda::*", "AWS::IAM::Role", "AWS::Logs::LogGroup"]',
            default="anything",
            off=True,
        ),
        Key(
            "permissions_boundary",
            Text(_BOUNDARY, ""),
            "A policy that every role of a unit must have as its permissions boundary: its ARN, or its name.",
            'permissions_boundary = "unit-boundary"',
            default="none",
        ),
    ),
)

ENVIRONMENT = Keys(
    title="An environment",
    header="[[tool.multi_env_lambda.environments]]",
    about="One table per environment, in promotion order.",
    keys=(
        Key(
            "name",
            Text(ENVIRONMENT_NAME),
            "The name of the environment; it is part of the names of stacks and functions, so you cannot change it "
            "later.",
            'name = "sandbox"',
            required=True,
        ),
        _ACCOUNT,
        Key(
            "region",
            Text(REGION),
            "Where its stacks are: :doc:`../02-How-To/regions`.",
            'region = "eu-west-1"',
            default="the region of ``devops``",
        ),
        *_ACCESS,
        Key(
            "stage",
            Text(ENVIRONMENT_NAME, ""),
            "Environments with the same ``stage`` stand side by side in the promotion order, for example one prod per\n"
            "region: :doc:`../02-How-To/regions`.",
            'stage = "prod"',
            default="none",
        ),
        Key(
            "approval",
            Flag(False),
            "Whether a plan for it needs an approval: :doc:`../02-How-To/promote-and-approve`.",
            "approval = true",
        ),
        Key(
            "releases_only",
            Flag(False),
            "Whether it accepts only final versions (no ``.post1``) built from commits, with one release per version.",
            "releases_only = true",
        ),
        Key(
            "committed_only",
            Flag(False),
            "Whether it refuses releases that were built from uncommitted changes.",
            "committed_only = true",
        ),
        Key(
            "protect",
            Flag(False),
            "Whether its stacks have termination protection, so that nobody deletes one by mistake.",
            "protect = true",
        ),
        Key(
            "bounds",
            Inner(BOUNDS, least=1),
            "Limits for every unit in it.",
            'bounds = { actions = ["s3:*", "logs:*"] }',
            default="none",
            off=True,
        ),
        Key(
            "roles",
            Flag(True),
            "``false``: everybody uses ``role_name`` in this environment, although the workspace has\n"
            ":ref:`roles <workspace.roles>`.",
            "roles = false",
        ),
        Key(
            "deployed_by",
            Texts(least=1, default=DEPLOYERS, words=DEPLOYERS),
            "Who may deploy there. It requires :ref:`roles <workspace.roles>`: :doc:`../02-How-To/roles`.",
            'deployed_by = ["build"]',
        ),
    ),
)

ROLES = Keys(
    title="Roles for people and builds",
    header="[tool.multi_env_lambda.roles]",
    about="With this table, ``bootstrap`` creates separate roles: :doc:`../02-How-To/roles`.",
    keys=(
        Key(
            "prefix",
            Text(_PREFIX, "mel"),
            "What the names of roles, policies and stacks of ``bootstrap`` start with.",
            'prefix = "acme"',
        ),
        Key(
            "developers",
            Texts(PERSON),
            "Who may assume the role of developers: ARNs of users and Identity Center roles, with ``*`` as a wildcard.",
            'developers = ["arn:aws:iam::111111111111:user/ada"]',
        ),
        Key(
            "approvers",
            Texts(PERSON),
            "Who may assume the role of approvers, in the same form.",
            'approvers = ["arn:aws:iam::111111111111:user/grace"]',
        ),
    ),
)

WORKSPACE = Keys(
    title="The workspace",
    header="[tool.multi_env_lambda]",
    about="In the ``pyproject.toml`` at the top of the repository.",
    keys=(
        Key(
            "id",
            Text(WORKSPACE_ID, ""),
            "The identifier of the workspace, a tag of every stack. ``init`` creates it; never change it.",
            'id = "acme-1f3a"',
            default="the one in the bucket",
        ),
        Key(
            "units",
            Text(FOLDER, DEFAULT_FOLDER),
            "The folder that contains the units, with a folder for each. ``.``: the top of the repository, where only\n"
            "folders with a table ``[tool.multi_env_lambda]`` are units.",
            'units = "functions"',
        ),
        Key(
            "devops",
            Inner(DEVOPS),
            "The account that stores artifacts and records.",
            '[tool.multi_env_lambda.devops]\naccount_id = "111111111111"\nregion = "us-east-1"\n'
            'bucket = "acme-artifacts-111111111111-us-east-1"',
            required=True,
        ),
        Key(
            "environments",
            Inners(ENVIRONMENT, least=1),
            "The environments in promotion order.",
            '[[tool.multi_env_lambda.environments]]\nname = "sandbox"\naccount_id = "222222222222"',
            required=True,
        ),
        Key(
            "approvals_by_author",
            Flag(False),
            "Whether you may approve your own deployment.",
            "approvals_by_author = true",
        ),
        Key("keep", Number(1, 1000, 10), "How many releases per unit ``prune`` keeps for rollbacks.", "keep = 20"),
        Key(
            "ci",
            Inner(CI),
            "What happens after a push, a tag or a pull request.",
            'ci = { branch = "main" }',
            default="the defaults of its keys",
        ),
        Key(
            "roles",
            Inner(ROLES),
            "Separate roles for developers, approvers and builds.",
            'roles = { prefix = "acme" }',
            default="none: ``role_name`` of each account serves everybody",
            off=True,
        ),
    ),
)
