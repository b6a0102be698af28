"""Whether existing resources may be brought into a stack: the stack's own, or those that somebody agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import attrs

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import PhysicalResource
from multi_env_lambda.plan.imports import (
    NO_STACK,
    import_question,
    is_inside,
    is_tagged,
    may_import,
    returning,
    strangers,
)
from multi_env_lambda.plan.stackstate import Create, DeleteThenCreate, stack_answer
from multi_env_lambda.world import World

__all__ = ["Adopting", "made_from"]


def made_from(look: StackReading | None, there: str | None) -> str | None:
    """What a stack is made from, as far as the plan has read it (``there``); nothing, without a stack to change."""
    is_new = look is None or isinstance(stack_answer(look.status), Create | DeleteThenCreate)
    return NO_STACK if is_new else there


@attrs.frozen(kw_only=True)
class Adopting:
    """What one step reads of existing resources. Only what the record knows is read, and only once.

    ``there``: what the stack is made from, if it was read.
    """

    world: World
    held: HeldLease
    step: DeployStep
    environment: Environment
    stack_name: str
    there: str | None = None

    def adopts(self, template: str, taken: tuple[PhysicalResource, ...]) -> bool:
        """Whether all of it may be brought into the stack."""
        return may_import(taken, template) and all(
            import_question(self.step.project, item) in self.step.questions for item in self.unknown(taken)
        )

    def unknown(self, taken: Iterable[PhysicalResource]) -> tuple[PhysicalResource, ...]:
        """What belongs to somebody else: no record of ours knows it, or it is no longer what the record knows.

        Raises:
            StackError: the tags cannot be read.
        """
        found = tuple(taken)
        record = self.held.record
        foreign = strangers(found, record)
        return tuple(
            item
            for item in found
            if item in foreign or not (is_inside(item, record, self.there) or self._is_ours(item))
        )

    def returning(self, template: str) -> tuple[PhysicalResource, ...]:
        """What is imported by its address, before the change."""
        step = self.step
        return returning(template, self.held.record, step.project, step.questions, self._is_ours, self.there)

    def _is_ours(self, item: PhysicalResource) -> bool:
        """By the tags that CloudFormation put on what this stack created; nobody can put them on anything else."""
        return is_tagged(item, self._tagged)

    @cached_property
    def _tagged(self) -> frozenset[str]:
        return self.world.platform.tagged(self.environment, self.stack_name)
