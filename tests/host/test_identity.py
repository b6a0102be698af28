"""Whether the process of a lease's holder still lives is only said where it can be known."""

from __future__ import annotations

import shutil
import subprocess
import sys

import attrs
import pytest

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


@pytest.mark.parametrize("namespace", ["4026539999", "1", ""])
def test_a_process_of_another_pid_namespace_is_not_known_to_be_dead(namespace: str) -> None:
    me = this_process("ada")
    name, boot, own = me.host.split(" ")
    elsewhere = f"{name} {boot} {namespace}".strip()

    assert own != namespace
    assert not is_dead(attrs.evolve(me, host=elsewhere, process="999999999 1"))


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
@pytest.mark.parametrize("mount", [["--mount-proc"], []], ids=["own /proc", "foreign /proc"])
def test_two_containers_of_one_machine_know_nothing_of_each_others_processes(mount: list[str]) -> None:
    me = this_process("ada")
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", *mount]
    code = (
        "from multi_env_lambda.host.identity import is_dead, this_process;"
        "from multi_env_lambda.model.record import Holder;"
        f"print(is_dead(Holder(nonce='n', who='ada', host={me.host!r}, process={me.process!r}, since='', fencing=0)),"
        "is_dead(this_process('grace')))"
    )
    done = subprocess.run([*unshare, sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip("this machine does not allow it")

    assert done.stdout.split() == ["False", "False"]


def test_every_lease_is_its_own() -> None:
    assert this_process("ada").nonce != this_process("ada").nonce
