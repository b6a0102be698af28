"""What the workspace says about CodePipeline: ``codepipeline`` in ``[tool.multi_env_lambda.ci]``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import attrs

from multi_env_lambda.model.ci_stack import CiStack, read_source
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.keys.ci import CI
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.stages import Stage, stages_of

__all__ = [
    "APPROVE",
    "APPROVED",
    "ARTIFACT",
    "BRANCH_VARIABLE",
    "EXECUTION_VARIABLE",
    "FOUND",
    "LIBRARY_VARIABLE",
    "LONGEST_TEXT",
    "NOTHING",
    "PIPELINE_VARIABLE",
    "PLAN",
    "RESULT",
    "ROLE_VARIABLE",
    "SHA256_VARIABLE",
    "SPOKEN",
    "STEP_VARIABLE",
    "TEMPLATE",
    "WITNESS",
    "WITNESS_HANDLER",
    "CodePipeline",
    "Group",
    "digest_in",
    "digests_in",
    "groups_of",
    "read_codepipeline_table",
    "said_of",
    "said_of_group",
    "waiting_plans",
]

TEMPLATE = ".codepipeline/multi-env-lambda.yml"
"""The CloudFormation template that `ci write codepipeline` writes."""

STEP_VARIABLE, EXECUTION_VARIABLE = "MULTI_ENV_LAMBDA_STEP", "MULTI_ENV_LAMBDA_EXECUTION"
"""What an action of the pipeline says to its build: which step it is, and of which execution."""

FOUND = ("MULTI_ENV_LAMBDA_CHANGES", "MULTI_ENV_LAMBDA_DIGEST", "MULTI_ENV_LAMBDA_SUMMARY")
"""What a step leaves for the actions after it: the environments that something changes in, the digest of the plan that
waits (or ``none``), and a few words about it."""

BRANCH_VARIABLE, LIBRARY_VARIABLE = "MULTI_ENV_LAMBDA_BRANCH", "MULTI_ENV_LAMBDA_LIBRARY"
SHA256_VARIABLE = "MULTI_ENV_LAMBDA_SHA256"
"""What the project says to each build: the protected branch, and which bytes of the library it installs."""

PIPELINE_VARIABLE, ROLE_VARIABLE = "MULTI_ENV_LAMBDA_PIPELINE", "MULTI_ENV_LAMBDA_APPROVER"
"""What the template says to the witness: the pipeline, and the role as which people approve."""

WITNESS_HANDLER = "multi_env_lambda.witness.handler"

ARTIFACT, APPROVE, WITNESS = "Source", "Approve", "Witness"
"""What the source, the manual approval and the action that writes ours are called in the pipeline."""

PLAN, RESULT = "Plan", "Result"
"""The first and the last step, which are stages as well; the steps between them are environments."""

APPROVED = "+approved"
"""Ends the step of an environment that somebody has agreed to before; no name of an environment ends like this."""

NOTHING = "none"
"""What a variable says where there is nothing to say: CodePipeline has no empty ones."""

SPOKEN = "multi_env_lambda.codecommit"
"""The source under which the local cloud says that somebody has pushed: ``aws.`` is for services of AWS."""

_HEX = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def said_of(environment: str, digest: str, summary: str) -> str:
    """What the approver reads. Both texts come from a build, and she sees them as they are."""
    return f"Deploy to {environment} the plan {digest}: {summary}"


def digest_in(said: str, environment: str) -> str:
    """The digest that the approver has read; empty where the text is not ours, or names more than one.

    >>> digest_in(said_of("prod", "0" * 64, "1 unit"), "prod") == "0" * 64
    True
    >>> digest_in(said_of("prod", "0" * 64, "or rather " + "1" * 64), "prod")
    ''
    """
    found = _HEX.findall(said.lower())
    return found[0] if len(found) == 1 and said.startswith(said_of(environment, found[0], "")) else ""


LONGEST_TEXT = 1000
"""Characters of what an approver is shown.

Source: https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html (of a value)
"""


@attrs.frozen(kw_only=True)
class Group:
    """Environments that are one stage of the pipeline: those of a stage of the table that ask, or those that do not."""

    name: str
    places: Stage

    @property
    def asks(self) -> bool:
        return self.places[0].approval

    @property
    def is_one(self) -> bool:
        """Whether it is a single environment, and has its name."""
        return len(self.places) == 1


def groups_of(environments: Iterable[Environment]) -> tuple[Group, ...]:
    """The stages of the pipeline between the first plan and the result, in their order.

    Where some environments of a stage ask and others do not, the others come first: they wait for nobody.

    >>> places = [Environment(name=name, account_id="1" * 12, region="eu-west-1", stage=stage, approval=bool(stage))
    ...           for name, stage in (("test", ""), ("prod-a", "prod"), ("prod-b", "prod"))]
    >>> [group.name for group in groups_of(places)]
    ['test', 'prod']
    """
    found = []
    for stage in stages_of(environments):
        parts = [tuple(place for place in stage if place.approval == asks) for asks in (False, True)]
        both = all(len(part) > 1 for part in parts)
        for part in filter(None, parts):
            name = part[0].name if len(part) == 1 else part[0].stage
            # Names of environments and stages have small letters only, so this is neither.
            found.append(Group(name=f"Free-{name}" if both and not part[0].approval else name, places=part))
    return tuple(found)


def waiting_plans(digests: Mapping[str, str]) -> str:
    """The plans that wait in several environments, as a build says them and an approver reads them."""
    return ", ".join(f"{place} {digest}" for place, digest in digests.items())


def said_of_group(name: str, plans: str, summary: str) -> str:
    """What the approver of several environments reads; one yes is for all the plans that are named."""
    return f"Deploy to {name} the plans {plans}: {summary}"


def digests_in(said: str, name: str, places: Collection[str]) -> dict[str, str]:
    """By environment the digest that the approver has read; empty where the text is not ours, names another environment
    or one twice, or has one more digest.

    >>> said = said_of_group("prod", waiting_plans({"prod-a": "0" * 64, "prod-b": "1" * 64}), "1 unit")
    >>> sorted(digests_in(said, "prod", ("prod-a", "prod-b", "prod-c")))
    ['prod-a', 'prod-b']
    >>> digests_in(said, "prod", ("prod-a",))
    {}
    """
    head = re.match(r"[a-z0-9-]+ [0-9a-f]{64}(?:, [a-z0-9-]+ [0-9a-f]{64})*(?=: )", said[len(_before(name)) :])
    if head is None or not said.startswith(_before(name)):
        return {}
    pairs = [tuple(part.split(" ")) for part in head[0].split(", ")]
    found = {place: digest for place, digest in pairs}
    strange = len(found) != len(pairs) or len(_HEX.findall(said.lower())) != len(pairs) or found.keys() - set(places)
    return {} if strange else found


def _before(name: str) -> str:
    return said_of_group(name, "", "").removesuffix(": ")


@attrs.frozen(kw_only=True)
class CodePipeline:
    """The repository that the pipeline starts with. ``connection``: by which AWS reads one that is not CodeCommit's."""

    repository: str
    connection: str = ""

    @property
    def source(self) -> CiStack:
        """The same as builds know it.

        >>> CodePipeline(repository="units").source.kind
        'CODECOMMIT'
        """
        return CiStack(repository=self.repository, connection=self.connection)

    @property
    def full_name(self) -> str:
        """What a connection calls the repository.

        >>> CodePipeline(repository="https://github.com/acme/units.git").full_name
        'acme/units'
        """
        return self.repository.split("/", 3)[-1].removesuffix(".git")


def read_codepipeline_table(table: Table, *, has_roles: bool) -> CodePipeline | None:
    """The key ``codepipeline`` of the table ``ci``; None without it."""
    table = table.of(CI)
    if not table.has("codepipeline"):
        return None
    if not has_roles:
        hint = "add `[tool.multi_env_lambda.roles]`: the pipeline, its builds and its witness act as roles of their own"
        table.refuse("codepipeline", "one role serves everybody here", hint=hint)
    own = table.table("codepipeline")
    own.allow()
    source = read_source(own)
    if source.is_address and source.kind == "NO_SOURCE":
        hint = "make one in the devops account: Developer Tools, Settings, Connections; or name a CodeCommit repository"
        own.refuse("repository", "CodePipeline reads it through a connection, and there is none", hint=hint)
    return CodePipeline(repository=source.repository, connection=source.connection)
