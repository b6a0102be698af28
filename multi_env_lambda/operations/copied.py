"""The bucket and the accounts as somebody sees them who has no credentials, but a copy of the records.

What the copy has is read from it. What only the accounts know is answered with an error that says so, which a plan
notes where it matters. Nothing can be written, and nobody is asked over the network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import attrs

from multi_env_lambda.aws.account import Platform
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.aws.poller import StackReading
from multi_env_lambda.errors import AccountError, DocumentError, MultiEnvLambdaError, Refused
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.plan_copy import CopiedObject, PlanCopy
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.store import Body, Listed, Looked, Stored, Written
from multi_env_lambda.world import World

__all__ = ["UNKNOWN", "CopiedAccounts", "CopiedStore", "against", "no_accounts"]

UNKNOWN = (
    "what was changed by hand (drift), and whether what the records name is still there",
    "whether a stack that this tool did not make is in the way of a new unit",
    "questions that the deploy asks after a look at a stack, such as a loss of data by an import",
    "approvals; nothing that is written here approves anything",
)
"""What a plan against a copy leaves out, a line each."""

_HINT = "merge it, or have a maintainer agree to this commit: then it is planned with credentials that may read"


@attrs.frozen
class CopiedStore:
    """An ``ObjectStore`` that is a copy: keys that are not in it are not in the bucket, except hidden ones."""

    copy: PlanCopy
    objects: Mapping[str, CopiedObject] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "objects", self.copy.by_key)

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after:
                item = self.objects[key]
                yield Listed(key=key, etag=item.etag, size=len(item.body), modified=self.copy.made)

    def folders(self, prefix: str) -> tuple[str, ...]:
        below = [key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)]
        return tuple(sorted({rest.partition("/")[0] for rest in below if "/" in rest}))

    def get(self, key: str) -> Stored | None:
        self._must_be_known(key)
        item = self.objects.get(key)
        return None if item is None else Stored(key=key, body=item.body, etag=item.etag, metadata={})

    def earlier(self, key: str) -> Iterable[Stored]:
        return ()

    def head(self, key: str) -> Looked | None:
        self._must_be_known(key)
        item = self.objects.get(key)
        if item is None:
            return None
        return Looked(key=key, etag=item.etag, size=len(item.body), sha256="", version_id="", metadata={})

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        raise _read_only(key)

    def copy_new(self, item: PublishedObject, source: str) -> Written | None:
        raise _read_only(item.key)

    def replace(self, key: str, body: bytes, *, etag: str) -> Written | None:
        raise _read_only(key)

    def delete(self, key: str, *, etag: str, held: Held) -> bool:
        raise _read_only(key)

    def now(self) -> float:
        return self.copy.made

    def _must_be_known(self, key: str) -> None:
        if key in self.copy.hidden:
            what = "it is not in the copy of the records, since something in it looks like a secret"
            raise DocumentError(key, what, hint=_HINT)


def _read_only(key: str) -> Refused:
    return Refused(key, "this is a copy of the records, so nothing can be written", hint=_HINT)


@attrs.frozen
class CopiedAccounts:
    """The accounts, of which a copy knows which stacks the records name, and nothing else."""

    stacks: frozenset[tuple[str, str]]

    def find_stacks(self, environment: Environment, names: Collection[str]) -> Mapping[str, StackReading]:
        """A stack of no record is taken to be not there, as it is for nearly every new unit."""
        if any((environment.name, name) in self.stacks for name in names):
            raise _not_asked(environment.name)
        return {}

    def caller(self) -> str:
        """Nobody: so no deployment that is recorded is the caller's own."""
        return ""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def asked(*_: object, **__: object) -> NoReturn:
            raise _not_asked(name)

        return asked


def _not_asked(what: str) -> AccountError:
    return AccountError(what, "this is planned against a copy of the records, so no account is asked", hint=_HINT)


def against(world: World, copy: PlanCopy, folder: Path) -> World:
    """The world of a work tree, with a copy instead of the bucket and the accounts.

    Args:
        folder: for what is kept meanwhile. No other world may read it.
    """
    store = CopiedStore(copy)
    return attrs.evolve(
        world,
        store=store,
        ledger=Ledger(store, folder),
        platform=no_accounts(copy),
        cache=folder,
        elsewhere=None,
        holder_is_dead=lambda _: False,
    )


def no_accounts(copy: PlanCopy) -> Platform:
    """The accounts, as far as the copy knows them."""
    return cast(Platform, CopiedAccounts(frozenset(_stacks(copy))))


def _stacks(copy: PlanCopy) -> Iterator[tuple[str, str]]:
    for item in copy.objects:
        folder, _, name = item.key.rpartition("/")
        if folder.endswith("/current") and name.endswith(".json"):
            try:
                record = Record.from_bytes(item.body, where=item.key)
            except MultiEnvLambdaError:
                continue
            yield record.environment, f"{record.project}-{record.environment}"
