"""A deploy with everything logged, and with secrets wherever a machine has them: none of them is seen again."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.local.server import down
from tests.bad_repositories import copy_of

from .stage import ROOT, Done, Stage, runs_here

pytestmark = pytest.mark.local_cloud

CANARIES = {
    "CI_TOKEN": "canary-of-the-ci",
    "DB_PASSWORD": "canary-of-the-database",
    "UV_INDEX_PRIVATE_PASSWORD": "canary-of-the-index",
}
LOGGED = "import logging; logging.basicConfig(level=logging.DEBUG); import sys, multi_env_lambda as m; "
LOGGED += "raise SystemExit(m.run(sys.argv.pop(1), sys.argv.pop(1)))"
IN_LOGS = re.compile(
    r"""(?i)(?:SecretAccessKey|SessionToken)>([^<]+)|x-amz-security-token["']?(?::|: b?["']|=)([^\s"'&]+)"""
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = copy_of(tmp_path_factory.mktemp("secrets") / "workspace")
    shutil.copytree(ROOT / "bin" / "automation", root / "bin" / "automation")
    runs_here(root)
    try:
        yield Stage.at(root)
    finally:
        down(root)


@pytest.fixture(scope="module")
def done(stage: Stage) -> Done:
    env = {**stage.credentials(), **CANARIES}
    found = stage.run("-c", LOGGED, "deploy", "bin/automation/deploy.py", "--to", "prod", "--yes", "--json", env=env)
    assert found.code == 0, found.err[-2000:]
    return found


def secrets(stage: Stage) -> list[bytes]:
    of_this_start = json.loads((stage.cloud.folder / "listening.json").read_bytes())["secret"]
    return [text.encode() for text in (*CANARIES.values(), stage.cloud.secret_access_key, of_this_start)]


def test_output_and_debug_logs_hold_no_secret(stage: Stage, done: Done) -> None:
    text = (done.out + done.err).encode()

    assert [secret for secret in secrets(stage) if secret in text] == []


def test_credentials_of_assumed_roles_are_blotted_out_of_debug_logs(done: Done) -> None:
    found = {"".join(groups) for groups in IN_LOGS.findall(done.err)}

    assert found == {"***"}


def test_a_printed_plan_holds_no_secret(stage: Stage, done: Done) -> None:
    (module,) = (stage.root / "projects/customers/customers").glob("[a-z]*.py")
    module.write_text(module.read_text(encoding="utf-8") + "\nMORE = True\n", encoding="utf-8")
    plan = stage.script("plan", "sandbox", "--json", local=False, env={**stage.credentials(), **CANARIES})

    assert "customers" in plan.out and [one for one in secrets(stage) if one in (plan.out + plan.err).encode()] == []


def test_no_object_of_the_bucket_and_no_template_holds_a_secret(stage: Stage, done: Done) -> None:
    client, bucket = stage.client("devops", "s3"), stage.config.devops.bucket
    bodies = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in stage.objects()}

    assert any(key.startswith("environments/") for key in bodies)
    assert [key for key, body in bodies.items() if any(secret in body for secret in secrets(stage))] == []


def test_on_this_machine_only_private_files_of_the_local_cloud_hold_a_secret(stage: Stage, done: Done) -> None:
    files = [path for path in stage.root.rglob("*") if path.is_file() and os.access(path, os.R_OK)]
    holding = [path for path in files if any(secret in path.read_bytes() for secret in secrets(stage))]
    state = Path(stage.root, ".multi_env_lambda", "local")

    assert {path.name for path in holding} >= {"aws-credentials"}
    assert [path for path in holding if not path.is_relative_to(state)] == []
    ours = [path for path in holding if not path.is_relative_to(state / "state")]
    assert [path for path in ours if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
