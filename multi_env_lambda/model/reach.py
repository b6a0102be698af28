"""Whether the roles of another environment may change something, because they know names by patterns (``*-test-*``)."""

from __future__ import annotations

from collections.abc import Iterable

from multi_env_lambda.model.environment import Environment

__all__ = ["reaching"]


def reaching(name: str, place: Environment, others: Iterable[Environment]) -> Environment | None:
    """The first of the others whose roles reach what is called so in ``place``: both have roles of their own, in one
    account and region.

    Args:
        name: of a stack, with a hyphen at the end, since what CloudFormation names there begins like that; or of what
            is in it.
    """
    for other in others:
        together = (place.account_id, place.region) == (other.account_id, other.region)
        with_roles = bool(place.prefix and other.prefix) and place.home != other.home
        if together and with_roles and f"-{other.name}-" in name:
            return other
    return None
