"""Deletes a unit from one environment, after confirmation, and prunes what nothing needs any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.api.carry_out import several, watched
from multi_env_lambda.api.dialog import Asked, agreed_by
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.errors import Refused
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.left import with_left
from multi_env_lambda.flow.rules import bound_of
from multi_env_lambda.model.result import Result
from multi_env_lambda.plan.bucket import DAYS_UNTIL_FREED
from multi_env_lambda.plan.removal import Removal

if TYPE_CHECKING:
    from multi_env_lambda.operations.prune import Prunable
    from multi_env_lambda.plan.prune import Candidate
    from multi_env_lambda.world import World

__all__ = ["DAYS_UNTIL_FREED", "destroy", "find", "prune"]


def find(opened: Opened, name: str, environment: str, retain: Iterable[str]) -> Removal:
    """What would be deleted, and the rules of the environment."""
    from multi_env_lambda.operations.destroy import find_removal

    world = with_left(opened.world, environment)
    removal = find_removal(world, name, environment, keep=tuple(sorted(several(retain))))
    return removal if removal.gone else attrs.evolve(removal, rules=bound_of(world, environment))


def destroy(
    opened: Opened, removal: Removal, *, confirm: str, approve: Iterable[str], force: bool, reason: str
) -> Result:
    """Delete it, provided that its name was confirmed.

    Raises:
        Refused: the name was not confirmed.
    """
    confirmed = frozenset({removal.answer} if confirm == removal.project else ())
    consent, dialog = Consent(typed=frozenset(several(approve)), allowed=confirmed), opened.dialog
    if dialog is not None:
        dialog.show(removal)
        if not removal.gone:
            asked = Asked(plan=removal, given=consent, world=with_left(opened.world, removal.environment))
            consent = agreed_by(dialog, asked)
    if removal.answer not in consent.allowed and not (dialog is not None and removal.gone):
        where = f"{removal.project} in {removal.environment}"
        what = (
            f"found the name `{confirm}`; expected `{removal.project}`" if confirm else "the deletion is not confirmed"
        )
        raise Refused(where, what, hint=f"give the unit's name as `confirm`; a dialog allows `{removal.answer}`")
    from multi_env_lambda.operations import destroy as operation

    with watched(opened, 1) as world:
        return operation.destroy(world, removal, consent, reason=reason, force=force, bound=removal.rules)


def prune(world: World, names: tuple[str, ...], really: bool, removed: Callable[[Candidate], None]) -> Prunable:
    """What nothing refers to any more, or what was removed."""
    from multi_env_lambda.operations import prune as operation

    shown = operation.find_prunable(world, names)
    return operation.prune(world, shown, removed) if really else shown
