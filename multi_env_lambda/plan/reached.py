"""What the statements for one environment match in another one in the same account, because names are patterns.

``*-test-*`` is for what the environment ``test`` has. It also matches ``load-test-prod-main`` of a unit ``load-test``,
and all of an environment ``prod-test``; and what CloudFormation names without the stack's name, or with part of it, has
the same name in both. Output: sentences, with both names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.grant import Grant, arn_of
from multi_env_lambda.plan.named_resources import NamedResource, arns_of, has_own_name, is_covered

__all__ = ["reached"]


def reached(
    environment: Environment,
    environments: Iterable[Environment],
    stacks: Sequence[NamedResource],
    grants: Sequence[Grant],
) -> Iterator[str]:
    """One sentence for each stack of another environment that is reached.

    Args:
        stacks: of ``environment``; those of another environment are assumed to have the same resources under its own
            name.
        grants: those printed for ``environment``.
    """
    # Not what covers everything of a kind, such as `alarm:*`: the names of environments do not matter there.
    patterns = tuple({arn for grant in grants for arn in grant.resources if _item(arn).strip("*")})
    for other in environments:
        if other.account_id == environment.account_id and other.name != environment.name:
            for made in stacks:
                unit = made.stack.removesuffix(f"-{environment.name}")
                theirs = attrs.evolve(made, stack=f"{unit}-{other.name}")
                found = [(arn, one) for arn in _of(theirs, other, made, environment) for one in _by(arn, patterns)]
                if found:
                    yield _sentence(environment, other, theirs.stack, found)


def _of(theirs: NamedResource, other: Environment, made: NamedResource, environment: Environment) -> Iterator[str]:
    """The ARNs of another environment's stack and its resources; a name that is the same in both is left out."""
    yield arn_of(other, "cloudformation", f"stack/{theirs.stack}/*")
    for logical in made.resources:
        own = set(arns_of(logical, made, environment)) if has_own_name(logical, made) else set()
        for arn in arns_of(logical, theirs, other):
            renamed = arn.replace(made.stack, theirs.stack)
            if renamed not in own:
                yield renamed


def _by(arn: str, patterns: Iterable[str]) -> Iterator[str]:
    yield from (one for one in sorted(patterns) if is_covered(arn, (one,)))


def _item(arn: str) -> str:
    return arn.rpartition(":")[2].rpartition("/")[2] or arn


def _sentence(environment: Environment, other: Environment, stack: str, found: Sequence[tuple[str, str]]) -> str:
    arn, pattern = found[0]
    more = len({one for one, _ in found}) - 1
    rest = f" and {more} more of its names" if more else ""
    return (
        f"{stack}: the statements for {environment.name} ({pattern}) reach {arn}{rest}, of {other.name} in the same "
        f"account {environment.account_id}; hint: use a separate account for {other.name}, or rename the unit, the "
        "environment or the resource"
    )
