"""The keys about what a function or a job may do."""

from __future__ import annotations

from multi_env_lambda.model.key import Choice, Inners, Key, Keys, Rule, Texts, Tree
from multi_env_lambda.model.name import ARN, KEY

__all__ = ["INVOKE", "MANAGED_POLICIES", "POLICIES", "READ", "START", "STATEMENT", "WRITE"]

_ACTION = Rule(
    pattern=r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+",
    allowed='an action such as "s3:GetObject"',
    hint="write the service, a colon and the name of the call",
)
_RESOURCE = Rule(
    # Any field except the partition may have wildcards and names in braces, which are filled in per environment.
    pattern=r"\*|arn:aws:[a-z0-9*-]+:[a-z0-9*${}_-]*:[a-z0-9*${}_]*:.+",
    allowed='"*" or an ARN such as "arn:aws:s3:::acme-data/*"',
    hint="IAM accepts nothing else; it may contain `${region}`, `${account_id}` and `${environment}`",
)
_BOTH = 'actions = ["s3:GetObject"]\nresources = ["arn:aws:s3:::acme-data-${environment}/*"]'

STATEMENT = Keys(
    title="A statement of a policy",
    header="[[tool.multi_env_lambda.functions.main.policies]]",
    about="Each table in ``policies`` is one statement of the policy of the function's role; a job has the same.\n"
    ":doc:`../02-How-To/permissions` has examples.",
    keys=(
        Key("actions", Texts(_ACTION, least=1), "What is allowed, with ``*`` as a wildcard.", _BOTH, required=True),
        Key(
            "resources",
            Texts(_RESOURCE, least=1),
            'To what it applies: ARNs, with ``*`` as a wildcard, or ``"*"``.',
            _BOTH,
            required=True,
        ),
        Key(
            "effect",
            Choice(("Allow", "Deny"), "Allow"),
            "``Deny`` forbids it, whatever another statement allows.",
            'actions = ["s3:DeleteObject"]\nresources = ["*"]\neffect = "Deny"',
        ),
        Key(
            "condition",
            Tree(),
            "When the statement applies, as in IAM: operator, key, value.",
            f'{_BOTH}\ncondition = {{ Bool = {{ "aws:SecureTransport" = "true" }} }}',
            default="none",
            off=True,
        ),
    ),
)

READ = Key(
    "read",
    Texts(KEY),
    "The keys of the unit's resources that it may read: :ref:`read-write-invoke`.",
    'read = ["orders"]',
)
WRITE = Key("write", Texts(KEY), "The keys of the unit's resources that it may change.", 'write = ["orders"]')
START = Key("start", Texts(KEY), "The keys of the unit's state machines that it may start.", 'start = ["checkout"]')
INVOKE = Key("invoke", Texts(KEY), "The keys of the unit's functions that it may call.", 'invoke = ["check"]')
POLICIES = Key(
    "policies",
    Inners(STATEMENT),
    "What its role may do, one table per statement.",
    'policies = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::acme-data-${environment}/*"] }]',
    default="none; logs, and what its events need, are allowed without it",
)
MANAGED_POLICIES = Key(
    "managed_policies",
    Texts(ARN),
    "Managed policies that are attached to its role, by their ARNs.",
    'managed_policies = ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess"]',
)
