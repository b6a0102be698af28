"""The keys about pushes, tags and pull requests, and the stack of the CI."""

from __future__ import annotations

from multi_env_lambda.model.key import Choice, Inner, Key, Keys, Number, Rule, Text, Texts
from multi_env_lambda.model.keys.hosts import BITBUCKET, CODEPIPELINE, CONNECTION, GITHUB, GITLAB, REPOSITORY, WEBHOOK

__all__ = ["BRANCHES", "CI", "MOST_DAYS"]

MOST_DAYS = 90
"""How long an environment of a branch may live after its branch has moved."""

_BRANCH = Rule(
    pattern=r"(?!@$|HEAD$)(?!.*(\.\.|//|/\.|\.lock(/|$)))(?![-/.])[A-Za-z0-9._/+@#=-]*[A-Za-z0-9_+@#=-]",
    maximum=200,
    allowed="the name of a branch, of letters, digits and `._/+@#=-`",
    hint="without `refs/heads/`: for example `main`",
)
_PATTERN = Rule(
    pattern=r"(?![-/.])[A-Za-z0-9._/+@#=*-]+",
    maximum=200,
    allowed="the name of a branch, in which `*` stands for anything",
    hint='for example `branches = ["feature/*"]`',
)
_WORD = Rule(
    pattern=r"[^\0\n\r]+",
    allowed="one word of a command, without line breaks",
    hint='no shell reads it, so each word stands alone: `verify = ["python", "-m", "pytest", "integration"]`',
)
_LOGIN = Rule(
    pattern=r"[A-Za-z0-9][A-Za-z0-9._@+-]*",
    maximum=100,
    allowed="how somebody is called at the Git host",
    hint="the login, without a leading `@`",
)
_ADDRESS = Rule(
    pattern=r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    maximum=254,
    allowed="an e-mail address",
    hint="each gets a message from Amazon SNS, and has to confirm it once",
)

BRANCHES = Keys(
    title="Environments of branches",
    header="[tool.multi_env_lambda.ci.branch_environments]",
    about="Which branches get their own environment: :doc:`../03-Concepts/what-a-push-leads-to`.",
    keys=(
        Key("branches", Texts(_PATTERN), "The branches, as patterns.", 'branches = ["feature/*"]', default="none"),
        Key(
            "days",
            Number(1, MOST_DAYS, 7),
            "How many days such an environment exists after the last push to its branch.",
            'branches = ["feature/*"]\ndays = 3',
        ),
    ),
)

CI = Keys(
    title="Pushes and pull requests",
    header="[tool.multi_env_lambda.ci]",
    about="All of it is optional: :doc:`../03-Concepts/what-a-push-leads-to`.\n"
    "``repository``, ``connection``, ``builds``, ``minutes`` and ``people`` describe the stack of the CI, which\n"
    "``bootstrap devops`` creates if there is a ``repository``: :doc:`../02-How-To/push-to-prod`.",
    keys=(
        Key(
            "branch",
            Text(_BRANCH, "main"),
            "The protected branch. A push to it is deployed to one environment after the other.",
            'branch = "main"',
        ),
        Key(
            "verify",
            Texts(_WORD, twice=True),
            "A command that must succeed before the next environment, word by word: no shell reads it.",
            'verify = ["python", "-m", "pytest", "integration"]',
            default="none",
        ),
        Key(
            "branch_environments",
            Inner(BRANCHES),
            "Environments of branches.",
            'branch_environments = { branches = ["feature/*"] }',
            default="none",
        ),
        Key(
            "strangers",
            Choice(("ask", "copy"), "ask"),
            "What happens to pull requests of people who may not push. ``ask``: a build waits until a "
            "maintainer agrees\n"
            "to the commit. ``copy``: GitHub plans them without credentials, against a copy of the records; "
            "other hosts\n"
            "only report that nothing was run.",
            'strangers = "copy"',
        ),
        Key(
            "maintainers",
            Texts(_LOGIN),
            "The logins of the people who may agree to such a commit.",
            'maintainers = ["grace"]',
        ),
        Key(
            "repository",
            Text(REPOSITORY),
            "The repository to build: its name at CodeCommit, or its URL elsewhere.\n"
            "It requires :ref:`roles <workspace.roles>`.",
            'repository = "units"',
            default="none: there is no stack of the CI",
        ),
        Key(
            "connection",
            Text(CONNECTION, ""),
            "How CodeBuild reads a private repository at GitHub, GitLab or Bitbucket.",
            'repository = "https://github.com/acme/units"\nconnection = "arn:aws:codeconnections:us-east-1:'
            '111111111111:connection/0f2b1c9e-1111-2222-3333-444455556666"',
            default="none: the repository is public, or at CodeCommit",
        ),
        Key(
            "builds",
            Number(1, 100, 5),
            "How many builds run at once, in each of the two CodeBuild projects.",
            'repository = "units"\nbuilds = 10',
        ),
        Key(
            "minutes",
            Number(5, 480, 60),
            "The time limit of a build, in minutes.",
            'repository = "units"\nminutes = 30',
        ),
        Key(
            "people",
            Texts(_ADDRESS),
            "Who gets an e-mail if a build fails, an event ends in the dead-letter queue, or the dispatcher has not\n"
            "been called for a day.",
            'repository = "units"\npeople = ["team@acme.example"]',
            default="nobody",
        ),
        Key(
            "github",
            Inner(GITHUB),
            "The repository at GitHub whose jobs may assume the roles: :doc:`../02-How-To/github-actions`.",
            'github = { repository = "acme/units", owner_id = 123456, repository_id = 456789 }',
            default="none",
            off=True,
        ),
        Key(
            "gitlab",
            Inner(GITLAB),
            "The project at GitLab whose job may assume the role of builds: :doc:`../02-How-To/gitlab`.",
            "[tool.multi_env_lambda.ci.gitlab]\n" + "\n".join(key.example for key in GITLAB if key.required),
            default="none",
            off=True,
        ),
        Key(
            "bitbucket",
            Inner(BITBUCKET),
            "The repository at Bitbucket whose step may assume that role: :doc:`../02-How-To/bitbucket`.",
            "[tool.multi_env_lambda.ci.bitbucket]\n" + "\n".join(key.example for key in BITBUCKET if key.required),
            default="none",
            off=True,
        ),
        Key(
            "codepipeline",
            Inner(CODEPIPELINE),
            "The repository that a pipeline starts with: :doc:`../02-How-To/codepipeline`.",
            'codepipeline = { repository = "units" }',
            default="none",
            off=True,
        ),
        Key(
            "webhook",
            Inner(WEBHOOK),
            "Receive webhooks of the Git host: :doc:`../02-How-To/webhooks`. It requires ``repository``.",
            'repository = "https://github.com/acme/units"\nwebhook = { secret = "acme/webhook" }',
            default="none",
            off=True,
        ),
    ),
)
