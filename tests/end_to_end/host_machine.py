"""What a Git host with jobs plays in the local cloud: the repository, a job's image, and a token's way to a role.

Played is the clone, the variables and the token; the scripts of a job are those that `ci write` wrote.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from multi_env_lambda.local.programs import write_programs

from .bootstrapped import Bootstrapped, bootstrapped
from .host_page import HostPage, in_one_stage
from .stage import git

__all__ = ["BUILD", "PLACES", "PLAN", "HostMachine", "host_machine"]

BUILD = f"arn:aws:iam::{'1' * 12}:role/acme-build"
PLAN = f"arn:aws:iam::{'1' * 12}:role/acme-plan"
PLACES = ("sandbox", "test", "staging", "prod")
_AWS = """#!/bin/sh
# the server here talks to nobody whose request is not signed, so the keys for this token are there already
if test "$1" = sts; then
  test -s "${{8#file://}}" || exit 9
  test "$4" = "$(cat {role})" || exit 8
  exec cat {keys}
fi
exec {aws} "$@"
"""
_PYTHON = """#!/bin/sh
# what pip would install is there already
if test "$2" = venv; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
if test "$2" = pip; then for wheel in "$@"; do :; done; exec test -s "$wheel"; fi
exec {python} "$@"
"""


@attrs.frozen
class HostMachine:
    """The workspace, a folder for what jobs leave, and the repository as the host has it."""

    made: Bootstrapped
    page: HostPage
    folder: Path
    origin: Path

    @property
    def root(self) -> Path:
        return self.made.stage.root

    def keys(self, role: str, session: str, claims: Mapping[str, str]) -> dict[str, str]:
        """What STS gives for a token of these claims."""
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        client = self.made.root("devops", "sts")
        client.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
        found: dict[str, str] = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName=session, WebIdentityToken=f"e30.{body}.e30"
        )["Credentials"]
        return found

    def clone(self) -> tuple[int, Path]:
        """A new clone for a job, and the job's number."""
        number = len(list(self.folder.glob("clone-*"))) + 1
        clone = self.folder / f"clone-{number}"
        git(self.folder, "clone", "-q", os.fspath(self.origin), os.fspath(clone))
        return number, clone

    def run(
        self,
        script: Sequence[str],
        clone: Path,
        keys: Mapping[str, str],
        variables: Mapping[str, str],
        secrets: Sequence[str],
        role: str = BUILD,
    ) -> subprocess.CompletedProcess[str]:
        """A job's scripts in one shell, which may show none of these secrets; ``role``: what its token is good for."""
        (self.folder / "role").write_text(role, "utf-8")
        words = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        (self.folder / "keys").write_text("\t".join(words) + "\n", "utf-8")
        usual = {
            "AWS_ENDPOINT_URL": self.made.stage.cloud.endpoint,
            "HOME": os.environ["HOME"],
            "MULTI_ENV_LAMBDA_LOCAL_BUILD": "1",
            "PATH": f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv")),
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(script)],
            cwd=clone,
            env={**usual, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        for secret in (*secrets, *words[1:]):
            assert secret not in done.stdout + done.stderr
        return done

    def agree(self, done: subprocess.CompletedProcess[str]) -> None:
        """Somebody else types the command with which a run stopped in front of prod."""
        line = next(line for line in done.stderr.splitlines() if "ci.py approve prod" in line)
        words = line.rpartition("ci.py ")[2].strip("`").split()
        if self.page.left:
            self.page.approves(words)
        yes = self.made.run("ci", *words, acting="approver", user="grace")
        assert yes.code == 0, yes.err

    def runs(self) -> list[str]:
        """The commit that each environment runs."""
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in PLACES]


@contextmanager
def host_machine(folder: Path, host: str, *, stage: tuple[str, ...] = ()) -> Iterator[HostMachine]:
    """With what its page leads to, up to the file that `ci write` wrote; ``stage``: environments of one stage."""
    page = HostPage.of(host)

    def set_up(made: Bootstrapped) -> None:
        in_one_stage(made, stage)
        page.set_up(made)

    origin, programs = folder / "units.git", folder / "programs"
    write_programs(programs)
    (programs / "aws").rename(folder / "aws")
    names = {
        "role": shlex.quote(os.fspath(folder / "role")),
        "keys": shlex.quote(os.fspath(folder / "keys")),
        "aws": shlex.quote(f"{folder}/aws"),
    }
    for name, text in (("aws", _AWS.format(**names)), ("python3", _PYTHON.format(python=sys.executable))):
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    place, table = folder / "workspace", "approval = true\n"
    with bootstrapped(place, units=("customers",), table=table, roles="", more=page.tables, set_up=set_up) as made:
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(origin))
        git(made.stage.root, "remote", "add", "origin", os.fspath(origin))
        made.without_the_organisations_role()
        yield HostMachine(made, page, folder, origin)
