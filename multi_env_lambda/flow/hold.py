"""Hold the lease of one unit while it changes, and keep it alive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.ledger import LEASE_SECONDS, Lease
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.world import World

__all__ = ["hold"]


@contextmanager
def hold(
    world: World, environment: str, project: str, *, running: str | None, toward: str | None = None
) -> Iterator[HeldLease]:
    """Take the lease, renew it until the end of the block, and release it.

    Args:
        running: the release that was seen running.
        toward: the release that the block deploys.

    Raises:
        Busy: somebody else holds it and is alive.
        PlanStale: the release that runs is no longer ``running``.
    """

    def acquire() -> Lease:
        return world.ledger.acquire(
            environment,
            project,
            world.holder(),
            running=running,
            toward=toward,
            is_dead=world.holder_is_dead,
            workspace=world.config.id,
        )

    held = HeldLease(world.ledger, acquire, running_time=world.seconds)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(held, ended), daemon=True, name=f"lease {project} {environment}")
    beat.start()

    def give_back() -> None:
        ended.set()
        beat.join()
        held.give_back()

    try:
        yield held
    except BaseException:
        with suppress(MultiEnvLambdaError):  # Ctrl-C in a write may leave an unknown record; it must not hide Ctrl-C
            give_back()
        raise
    give_back()


def _beat(held: HeldLease, ended: threading.Event) -> None:
    while not ended.wait(LEASE_SECONDS / 3):
        held.renew_quietly()
