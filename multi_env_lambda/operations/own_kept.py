"""The marks of branches' environments in the bucket: which there are, what they hold, and until when."""

from __future__ import annotations

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, read_document, structure
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.dispatch import leave

__all__ = ["mark_own", "own_environments"]

_FOLDER = "ci/environments/"


def own_environments(store: ObjectStore) -> tuple[BranchEnvironment, ...]:
    """Those that are there: one LIST, and a GET for each mark.

    A mark that cannot be read counts as none, and its branch marks it again.
    """
    keys = [item.key for item in store.list(_FOLDER)]
    found = in_parallel(lambda key: _read(store, key), keys) if keys else []
    return tuple(one for one in found if one is not None and one.commit)


def _read(store: ObjectStore, key: str) -> BranchEnvironment | None:
    there = store.get(key)
    if there is None:
        return None
    try:
        document = read_document(there.body, where=key, kind="a mark")
        return structure(BranchEnvironment, document, where=key, kind="a mark")
    except MultiEnvLambdaError:
        return None


def mark_own(store: ObjectStore, one: BranchEnvironment) -> None:
    """One run of a branch writes it at a time, so the last word counts."""
    key = f"{_FOLDER}{one.name}.json"
    body = canonical_json({"format": FORMAT, **attrs.asdict(one)}).encode("ascii")
    leave(store, store.get(key), key, body)
