"""Whether the process of a lease's holder still lives is only said where it can be known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.host.identity import is_dead, this_process

CODE = "from multi_env_lambda.host.identity import this_process; print(this_process('ada').process)"


def test_this_process_lives() -> None:
    assert not is_dead(this_process("ada"))


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only silence tells")


@LINUX
def test_a_process_that_ended_is_dead() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    assert is_dead(attrs.evolve(this_process("ada"), process=done.stdout.strip()))


@LINUX
def test_a_number_that_was_given_to_another_process_is_dead() -> None:
    me = this_process("ada")

    assert is_dead(attrs.evolve(me, process=f"{me.process.split()[0]} 1"))


def test_nothing_is_known_of_other_machines_and_other_systems() -> None:
    me = this_process("ada")

    assert not is_dead(attrs.evolve(me, host="elsewhere", process="999999999 1"))
    assert not is_dead(attrs.evolve(me, process="who knows"))


def test_a_process_of_another_pid_namespace_is_not_known_to_be_dead(tmp_path: Path) -> None:
    holder = attrs.evolve(this_process("ada", proc=linux(tmp_path / "1")), process=GONE)

    assert not is_dead(holder, proc=linux(tmp_path / "2", namespace="4026531999"))


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


def linux(folder: Path, *, boot: str = "b1b2b3b4-c", pid: int | None = None, namespace: str = "4026531836") -> Path:
    """A ``/proc`` as far as it is looked at. In it no process can be seen to have started."""
    process = folder / str(os.getpid() if pid is None else pid)
    (process / "ns").mkdir(parents=True)
    (process / "ns" / "pid").symlink_to(f"pid:[{namespace}]")
    (folder / "self").symlink_to(process.name)
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(boot + "\n")
    return folder


GONE = "999999999 1"


def test_a_process_of_the_same_boot_and_namespace_that_is_gone_is_dead(tmp_path: Path) -> None:
    proc = linux(tmp_path)
    holder = attrs.evolve(this_process("ada", proc=proc), process=GONE)

    assert holder.host.endswith(" b1b2b3b4 4026531836")
    assert is_dead(holder, proc=proc)


def test_where_the_system_does_not_tell_nobody_is_known_to_be_dead(tmp_path: Path) -> None:
    not_linux = tmp_path / "none"
    foreign = linux(tmp_path / "foreign", pid=1)
    for proc in (not_linux, foreign):
        holder = attrs.evolve(this_process("ada", proc=proc), process=GONE)

        assert not is_dead(holder, proc=proc)


def test_after_another_boot_nobody_is_known_to_be_dead(tmp_path: Path) -> None:
    holder = attrs.evolve(this_process("ada", proc=linux(tmp_path / "1")), process=GONE)

    assert not is_dead(holder, proc=linux(tmp_path / "2", boot="a1a2a3a4-c"))


def test_every_lease_is_its_own() -> None:
    assert this_process("ada").nonce != this_process("ada").nonce
