"""Whether the process of a lease's holder still lives is only said where it can be known."""

from __future__ import annotations

import subprocess
import sys

import attrs

from multi_env_lambda.host.identity import is_dead, this_process

CODE = "from multi_env_lambda.host.identity import this_process; print(this_process('ada').process)"


def test_this_process_lives() -> None:
    assert not is_dead(this_process("ada"))


def test_a_process_that_ended_is_dead() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    assert is_dead(attrs.evolve(this_process("ada"), process=done.stdout.strip()))


def test_a_number_that_was_given_to_another_process_is_dead() -> None:
    me = this_process("ada")

    assert is_dead(attrs.evolve(me, process=f"{me.process.split()[0]} 1"))


def test_nothing_is_known_of_other_machines_and_other_systems() -> None:
    me = this_process("ada")

    assert not is_dead(attrs.evolve(me, host="elsewhere", process="999999999 1"))
    assert not is_dead(attrs.evolve(me, process="who knows"))


def test_every_lease_is_its_own() -> None:
    assert this_process("ada").nonce != this_process("ada").nonce
