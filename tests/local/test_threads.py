"""The local cloud's stores may be read while the threads of functions and stacks add to them."""

from __future__ import annotations

import copy
import json
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import multi_env_lambda.local
from multi_env_lambda.local.emulator.builds import _overridden, _with_overrides
from multi_env_lambda.local.emulator.threads import Stable, repeated
from multi_env_lambda.local.server import _server_python

_MANY_THREADS = """
import json, sys, threading
sys.path.append(sys.argv[1])
from emulator import threads
from emulator.names import load
threads.patch()
sts, responses = load("ministack.services.sts"), load("ministack.core.responses")
persistence = load("ministack.core.persistence")
store, errors = responses.AccountScopedDict(), []
sys.setswitchinterval(1e-6)

def change(name):
    try:
        for number in range(300):
            sts.register_session(f"{name}-{number}", {"Expiration": 1.0 if number % 3 else 9e9})
            store[f"{name}-{number}"] = number
            sum(value for value in store._data.values())
            json.dumps(store, default=persistence._json_default)
    except Exception as error:
        errors.append(str(error))

running = [threading.Thread(target=change, args=(name,)) for name in "abcd"]
[thread.start() for thread in running]
[thread.join() for thread in running]
print(json.dumps([sorted(set(errors)), len(store)]))
"""


def test_a_store_that_grows_while_it_is_walked_over_is_seen_as_it_was() -> None:
    store = Stable(one=1)
    for key, _ in store.items():
        store[key + "more"] = 2
    for value in store.values():
        store[f"value {value}"] = value
    assert store == {"one": 1, "onemore": 2, "value 1": 1, "value 2": 2}


def test_a_read_that_met_a_change_is_made_again() -> None:
    answers = iter([RuntimeError("dictionary changed size during iteration"), "state"])

    def read() -> object:
        answer = next(answers)
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    assert repeated(read) == "state"


def test_two_builds_of_a_project_are_started_at_once_and_neither_sees_what_the_other_one_overrides() -> None:
    project = {"name": "units", "source": {"type": "CODEPIPELINE"}}
    codebuild = SimpleNamespace(_projects={"units": copy.deepcopy(project)})
    both, seen = threading.Barrier(2, timeout=10), list[tuple[Any, str, list[Any]]]()

    def start(data: dict[str, Any]) -> None:
        both.wait()  # each has its overrides, and none has ended
        own = _overridden.get()
        seen.append((copy.deepcopy(codebuild._projects), own["source"]["type"], own["environment"].values()))
        both.wait()

    started = _with_overrides(codebuild, start)
    variables = [[{"name": "PLACE", "value": place}] for place in ("prod", "staging")]
    data = {"projectName": "units", "sourceTypeOverride": "CODECOMMIT"}
    threads = [
        threading.Thread(target=started, args=({**data, "environmentVariablesOverride": own},)) for own in variables
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert [(store, kind) for store, kind, _ in seen] == [({"units": project}, "CODECOMMIT")] * 2
    assert sorted(str(*own) for _, _, own in seen) == sorted(map(str, variables))
    assert codebuild._projects == {"units": project}


@pytest.mark.local_cloud
def test_many_threads_register_sessions_and_read_the_stores_at_once() -> None:
    folder = Path(multi_env_lambda.local.__file__).parent
    argv = [_server_python(), "-I", "-c", _MANY_THREADS, folder]
    done = subprocess.run([str(word) for word in argv], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [[], 1200]
