"""The keys about Git hosts and their jobs."""

from __future__ import annotations

from multi_env_lambda.model.key import Choice, Flag, Key, Keys, Number, Rule, Text, Texts
from multi_env_lambda.model.name import IMAGE

__all__ = ["BITBUCKET", "CODEPIPELINE", "CONNECTION", "GITHUB", "GITLAB", "REPOSITORY", "WEBHOOK", "WEBHOOK_HOSTS"]

WEBHOOK_HOSTS = ("bitbucket", "github", "gitlab")

REPOSITORY = Rule(
    pattern=r"[A-Za-z0-9._-]{1,100}|https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)+",
    maximum=400,
    allowed="the name of a CodeCommit repository, or an address that begins with https://",
    hint='for example `repository = "units"` or `repository = "https://github.com/acme/units"`, without a password',
)
CONNECTION = Rule(
    pattern=r"arn:aws:(codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:connection/[0-9a-f-]+",
    allowed="the ARN of a connection to a Git host",
    hint="make it in the devops account: Developer Tools, Settings, Connections",
)
_GITHUB = Rule(
    pattern=r"[A-Za-z0-9](-?[A-Za-z0-9])*/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}",
    maximum=140,
    allowed="owner/name of a repository at github.com",
    hint='for example `repository = "acme/units"`',
)
_HIGHEST = 10**12
_GITLAB = Rule(
    pattern=r"[A-Za-z0-9_](?!.*\.\.)[A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,20}",
    maximum=255,
    allowed="group/project, as in the address of a project at gitlab.com",
    hint='for example `project = "acme/units"`',
)
_BITBUCKET = Rule(
    pattern=r"[a-z0-9_][a-z0-9_-]*/(?!\.{1,2}$)[a-z0-9._-]{1,100}",
    maximum=163,
    allowed="workspace/name, as in the address of a repository at bitbucket.org",
    hint='for example `repository = "acme/units"`',
)
_UUID = Rule(
    pattern=r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?",
    maximum=38,
    allowed="a UUID in lower case, with or without braces",
    hint="at Bitbucket: Repository settings, OpenID Connect shows all of them",
)
_DEPLOYMENT = Rule(
    pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    maximum=60,
    allowed="the name of a deployment environment, of letters, digits, `_` and `-`",
    hint='for example `deployment = "multi-env-lambda"`',
)
_SECRET = Rule(
    pattern=r"[A-Za-z0-9/_+=.@-]+",
    maximum=512,
    allowed="the name of a secret: letters, digits and `/_+=.@-`",
    hint='the name, not the secret itself: for example `webhook = { secret = "acme/webhook" }`',
)
_PARAMETER = Rule(
    pattern=r"(?!/?(aws|ssm))(/[A-Za-z0-9_.-]+)+|(?!(aws|ssm))[A-Za-z0-9_.-]+",
    maximum=1011,
    allowed="the name of a parameter: letters, digits, `_.-`, with `/` between the parts",
    hint='the name, not the secret itself: for example `webhook = { parameter = "/acme/webhook" }`',
)
_DIGEST = "0123456789abcdef" * 4
_IMAGE = Key(
    "image",
    Text(IMAGE),
    "The image that the job runs in, by its digest. It needs Python, Git and ``aws``.",
    f'image = "public.ecr.aws/sam/build-python3.13@sha256:{_DIGEST}"',
    required=True,
)


def _provider(whose: str) -> Key:
    return Key(
        "provider",
        Flag(True),
        f"Whether ``bootstrap devops`` creates the identity provider of {whose}. An account can have only one:\n"
        "``false`` if something else has created it.",
        "provider = false",
    )


GITHUB = Keys(
    title="GitHub Actions",
    header="[tool.multi_env_lambda.ci.github]",
    about=":doc:`../02-How-To/github-actions` shows how to set it up. It requires :ref:`roles <workspace.roles>`.\n"
    "A job with the environment ``multi-env-lambda-plan`` makes the plans of pull requests.",
    keys=(
        Key(
            "repository",
            Text(_GITHUB),
            "The repository at github.com, as owner and name.",
            'repository = "acme/units"',
            required=True,
        ),
        Key(
            "owner_id",
            Number(1, _HIGHEST),
            "The owner's number at GitHub, which stays the same if the name changes.",
            "owner_id = 123456",
            default='required, unless ``subject = "names"``',
            off=True,
        ),
        Key(
            "repository_id",
            Number(1, _HIGHEST),
            "The repository's number at GitHub. Every role that its jobs assume compares it.",
            "repository_id = 456789",
            default='required, unless ``subject = "names"``',
            off=True,
        ),
        Key(
            "subject",
            Choice(("ids", "names"), "ids"),
            "Whether GitHub's tokens for this repository contain these numbers (``ids``), or names only.",
            'subject = "names"',
        ),
        _provider("GitHub"),
        Key(
            "jobs",
            Choice(("run", "send"), "run"),
            "``run``: the jobs build and deploy. ``send``: they only send events to the stack of ``repository`` in\n"
            "``ci``, which builds: :doc:`../02-How-To/webhooks`.",
            'jobs = "run"',
        ),
        Key(
            "reviewed",
            Texts(),
            "The environments whose approval the required reviewers of GitHub's environment of that name may give.\n"
            "They must have ``approval = true``.",
            'reviewed = ["prod"]',
        ),
    ),
)

GITLAB = Keys(
    title="GitLab CI",
    header="[tool.multi_env_lambda.ci.gitlab]",
    about=":doc:`../02-How-To/gitlab` shows how to set it up. It requires :ref:`roles <workspace.roles>`.",
    keys=(
        Key(
            "project",
            Text(_GITLAB),
            "The project at gitlab.com. The role that its job assumes compares project and branch.",
            'project = "acme/units"',
            required=True,
        ),
        _IMAGE,
        Key("plans", Flag(True), "Whether merge requests are planned, in separate pipelines.", "plans = false"),
        _provider("GitLab"),
    ),
)

BITBUCKET = Keys(
    title="Bitbucket Pipelines",
    header="[tool.multi_env_lambda.ci.bitbucket]",
    about=":doc:`../02-How-To/bitbucket` shows how to set it up. It requires :ref:`roles <workspace.roles>`.",
    keys=(
        Key(
            "repository",
            Text(_BITBUCKET),
            "The repository at bitbucket.org, as workspace and name.",
            'repository = "acme/units"',
            required=True,
        ),
        Key(
            "workspace_id",
            Text(_UUID),
            "The UUID of the workspace. The audience of the tokens names it.",
            'workspace_id = "11111111-2222-3333-4444-555555555555"',
            required=True,
        ),
        Key(
            "repository_id",
            Text(_UUID),
            "The UUID of the repository. The role that its step assumes compares it.",
            'repository_id = "22222222-3333-4444-5555-666666666666"',
            required=True,
        ),
        Key(
            "deployment",
            Text(_DEPLOYMENT, "multi-env-lambda"),
            "The name of the deployment environment that the step names.",
            'deployment = "production"',
        ),
        Key(
            "deployment_id",
            Text(_UUID),
            "The UUID of that deployment environment. The role compares it, too.",
            'deployment_id = "33333333-4444-5555-6666-777777777777"',
            required=True,
        ),
        _IMAGE,
        Key(
            "only_from_branch",
            Flag(False),
            "Whether Bitbucket lets only the protected branch deploy there, which takes Premium. ``false``: "
            "you accept\n"
            "that everybody who can push any branch can deploy.",
            "only_from_branch = true",
            required=True,
        ),
        Key("plans", Flag(True), "Whether pull requests are planned.", "plans = false"),
        _provider("the workspace"),
    ),
)

CODEPIPELINE = Keys(
    title="CodePipeline",
    header="[tool.multi_env_lambda.ci.codepipeline]",
    about=":doc:`../02-How-To/codepipeline` shows how to set it up. It requires :ref:`roles <workspace.roles>`.",
    keys=(
        Key(
            "repository",
            Text(REPOSITORY),
            "The repository: its name at CodeCommit, or its URL elsewhere.",
            'repository = "units"',
            required=True,
        ),
        Key(
            "connection",
            Text(CONNECTION, ""),
            "How AWS reads a repository at GitHub, GitLab or Bitbucket.",
            'repository = "https://github.com/acme/units"\nconnection = "arn:aws:codeconnections:us-east-1:'
            '111111111111:connection/0f2b1c9e-1111-2222-3333-444455556666"',
            default="none: the repository is at CodeCommit",
        ),
    ),
)

WEBHOOK = Keys(
    title="Webhooks",
    header="[tool.multi_env_lambda.ci.webhook]",
    about=":doc:`../02-How-To/webhooks` shows how to set it up.",
    either=("secret", "parameter"),
    keys=(
        Key(
            "secret",
            Text(_SECRET, ""),
            "The name of the secret in Secrets Manager, in the devops account and region.",
            'secret = "acme/webhook"',
            default="this or ``parameter``",
            off=True,
        ),
        Key(
            "parameter",
            Text(_PARAMETER, ""),
            "The name of a ``SecureString`` in the Parameter Store, in the same place.",
            'parameter = "/acme/webhook"',
            default="this or ``secret``",
            off=True,
        ),
        Key(
            "host",
            Choice(WEBHOOK_HOSTS),
            "Whose webhooks they are. It is required if the address of ``repository`` is not one of the host's own.",
            'secret = "acme/webhook"\nhost = "github"',
            default="by the address of ``repository``",
        ),
        Key(
            "concurrency",
            Number(0, 100, 5),
            "How many requests are handled at once. That many invocations are reserved for them; 0: no reservation.",
            'secret = "acme/webhook"\nconcurrency = 10',
        ),
    ),
)
