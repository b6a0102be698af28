"""What the workspace says about Bitbucket: ``bitbucket`` in ``[tool.multi_env_lambda.ci]``.

A step of Bitbucket Pipelines proves to AWS where it runs by a token. STS compares audience and subject of it; the
subject names the repository, the deployment environment and the step, and no branch.
"""

from __future__ import annotations

import attrs

from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table

__all__ = ["BITBUCKET", "PIPELINES", "PULL_REQUEST", "Bitbucket", "read_bitbucket_table"]

BITBUCKET = "api.bitbucket.org/2.0/workspaces/{}/pipelines-config/identity/oidc"
"""Whose tokens they are, by workspace; also how the provider is called in IAM, and its condition keys begin."""

PIPELINES = "bitbucket-pipelines.yml"
"""The file that `ci write bitbucket` writes; Bitbucket reads no other."""

PULL_REQUEST = "pull-request"
"""What the written file says to a step that was started for a pull request."""


@attrs.frozen(kw_only=True)
class Bitbucket:
    """The repository whose steps in one deployment environment may act as the role of a build.

    Args:
        repository: ``workspace/name``. workspace_id, repository_id, deployment_id: UUIDs without braces.
        deployment: the name of that environment. image: what its steps run in, by digest.
        only_from_branch: whether Bitbucket lets only the protected branch deploy there, which takes Premium. Nothing
            in a token shows it.
        plans: whether pull requests are planned before the merge.
        provider: whether `bootstrap` makes the identity provider in the devops account, which can have one only.
    """

    repository: str
    workspace_id: str
    repository_id: str
    deployment: str
    deployment_id: str
    image: str
    only_from_branch: bool
    plans: bool = True
    provider: bool = True

    @property
    def issuer(self) -> str:
        """Without ``https://``, as IAM calls the provider."""
        return BITBUCKET.format(self.repository.partition("/")[0])

    @property
    def audience(self) -> str:
        """Whom its tokens are made for unless a step names somebody else.

        >>> here = {"workspace_id": "w", "repository_id": "r", "deployment_id": "d", "image": "", "deployment": "x"}
        >>> acme = Bitbucket(repository="acme/units", only_from_branch=True, **here)
        >>> acme.audience, acme.subject
        ('ari:cloud:bitbucket::workspace/w', '{r}:{d}:*')
        """
        return f"ari:cloud:bitbucket::workspace/{self.workspace_id}"

    @property
    def subject(self) -> str:
        """The subject of its tokens, as a pattern: it ends in the UUID of the step, which is another one each time."""
        return f"{{{self.repository_id}}}:{{{self.deployment_id}}}:*"

    @property
    def members(self) -> str:
        """The subjects of tokens of all steps of this repository, as a pattern: who may push, runs them."""
        return f"{{{self.repository_id}}}:{{*"


def read_bitbucket_table(table: Table, *, has_roles: bool) -> Bitbucket | None:
    """The key ``bitbucket`` of the table ``ci``; None without it."""
    table = table.of(CI)
    if not table.has("bitbucket"):
        return None
    if not has_roles:
        hint = "add `[tool.multi_env_lambda.roles]`: the step acts as a role of its own, which lets this repository in"
        table.refuse("bitbucket", "one role serves everybody here", hint=hint)
    own = table.table("bitbucket")
    ids = ("workspace_id", "repository_id", "deployment_id")
    own.allow()
    own.require(
        "only_from_branch",
        hint="true: Bitbucket lets only the protected branch deploy there (Premium); false: you accept that everybody "
        "who can push any branch can deploy",
    )
    workspace_id, repository_id, deployment_id = (own.named(key).strip("{}") for key in ids)
    return Bitbucket(
        repository=own.named("repository"),
        workspace_id=workspace_id,
        repository_id=repository_id,
        deployment_id=deployment_id,
        deployment=own.named_or("deployment"),
        image=own.named("image"),
        only_from_branch=own.flag("only_from_branch"),
        plans=own.flag("plans"),
        provider=own.flag("provider"),
    )
