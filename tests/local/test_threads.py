"""The local cloud's stores may be read while the threads of functions and stacks add to them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import multi_env_lambda.local
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


@pytest.mark.local_cloud
def test_many_threads_register_sessions_and_read_the_stores_at_once() -> None:
    folder = Path(multi_env_lambda.local.__file__).parent
    argv = [_server_python(), "-I", "-c", _MANY_THREADS, folder]
    done = subprocess.run([str(word) for word in argv], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [[], 1200]
