"""A function gets what Lambda gives it, and nothing of the developer's that it has no need of."""

from __future__ import annotations

import io
import json
import logging
import os
import pwd
import re
import socket
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.host.sandbox import landlock_version
from multi_env_lambda.local.cloud import LocalCloud, state_folder
from multi_env_lambda.model.lambda_image import OF_EVERY_FUNCTION, variables_of
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, running_local_cloud
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = """
import importlib.util, logging, os, tempfile
def handler(event, context):
    root, environment = logging.getLogger(), dict(os.environ)
    try:
        os.makedirs(os.path.expanduser("~/.cache"))
    except OSError as error:
        home = error.filename
    with tempfile.NamedTemporaryFile() as scratch:
        return {
            "environment": environment, "cwd": os.getcwd(), "scratch": scratch.name, "home": home,
            "log": [type(root.handlers[0]).__name__, root.level], "tkinter": bool(importlib.util.find_spec("_tkinter")),
            "group": context.log_group_name, "stream": context.log_stream_name,
        }
"""
DEVELOPERS = {
    "HTTPS_PROXY": "http://ada:canary@proxy:3128",
    "GITHUB_TOKEN": "canary",
    "AWS_SECRET_ACCESS_KEY": "canary",
    "PYTHONPATH": "/canary",
}
OF_LAMBDA = {*OF_EVERY_FUNCTION, "PATH", "TMPDIR", "LAMBDA_TASK_ROOT", "LD_LIBRARY_PATH", "PWD"}
OF_THE_MACHINE = {"NO_PROXY", "SSL_CERT_FILE", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "LC_CTYPE"}


NAME = f"\0a-socket-without-a-file-{os.getpid()}"
KERNEL = pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock that allows renames")
TRIES = """
import os, socket, subprocess, sys, tempfile
import rate
def said(do):
    try:
        return str(do())
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    return {name: said(lambda: eval(code)) for name, code in event.items()}
"""


@pytest.fixture(scope="module")
def desk() -> Iterator[Path]:
    """The checkout of somebody who has something to hide. It is outside of /tmp, which functions may use."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        (Path(folder) / "secret").write_text("canary")
        yield Path(folder)


@pytest.fixture(scope="module")
def cloud(desk: Path, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in DEVELOPERS.items():
            environment.setenv(name, value)
        with running_local_cloud(desk, local_config) as running:
            yield running


@pytest.fixture(scope="module")
def tried(cloud: LocalCloud, local_config: WorkspaceConfig, desk: Path) -> dict[str, str]:
    """What a function gets when it tries."""
    place = local_config.environment("sandbox")
    cloudformation, functions = client_of(cloud, place, "cloudformation"), client_of(cloud, place, "lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        layer.writestr("python/rate.py", "value = 7\n")
    content = {"ZipFile": archive.getvalue()}
    layer_arn = functions.publish_layer_version(LayerName="tries", Content=content)["LayerVersionArn"]
    resources = function_resources("tries", {"ZipFile": TRIES}, Runtime=RUNTIME, Layers=[layer_arn])
    assert create_stack(cloudformation, "tries", resources)[0] == "CREATE_COMPLETE"
    event = {
        "a file of the checkout": f"open({str(desk / 'secret')!r}).read()",
        "the secret of the start": f"open({str(state_folder(desk) / 'listening.json')!r}).read()",
        "another function's code": f"os.listdir({str(state_folder(desk) / 'tmp')!r})",
        # Not `Path.home()`: a home that somebody chose for the tests may lie below /tmp.
        "the user's home": f"os.listdir({pwd.getpwuid(os.getuid()).pw_dir!r})",
        "the server's environment": "open(f'/proc/{os.getppid()}/environ').read()",
        "a socket of the machine": f"socket.socket(socket.AF_UNIX).connect({NAME!r})",
        "a process of the machine": f"os.kill({os.getpid()}, 0)",
        "a program of the machine": "subprocess.run(['/usr/bin/git', '--version']).returncode",
        "a change of its code": "open(__file__, 'a').close()",
        "a change of its layer": "open(rate.__file__, 'a').close()",
        "its layer": "rate.value",
        "the layer's bytecode": "os.path.exists(rate.__cached__)",
        "scratch by its name": "tempfile.NamedTemporaryFile(dir='/tmp').write(b'x')",
        "scratch": "tempfile.NamedTemporaryFile().write(b'x')",
        "a program of Lambda": "subprocess.run('cat /etc/os-release > /dev/null', shell=True).returncode",
        "Python": "subprocess.run([sys.executable, '-c', 'import ssl, boto3']).returncode",
    }
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(NAME)
        listener.listen()
        answer = functions.invoke(FunctionName="tries", Payload=json.dumps(event))
    found: dict[str, str] = json.loads(answer["Payload"].read())
    return found


@pytest.fixture(scope="module")
def seen(cloud: LocalCloud, local_config: WorkspaceConfig) -> list[dict[str, Any]]:
    """What two functions see."""
    place = local_config.environment("sandbox")
    cloudformation, functions = client_of(cloud, place, "cloudformation"), client_of(cloud, place, "lambda")
    found = []
    for name in ("environment-a", "environment-b"):
        own = {"Variables": {"LOG_LEVEL": "WARNING", "STAGE": name}}
        resources = function_resources(name, {"ZipFile": SOURCE}, Runtime=RUNTIME, Environment=own)
        assert create_stack(cloudformation, name, resources)[0] == "CREATE_COMPLETE"
        found.append(json.loads(functions.invoke(FunctionName=name)["Payload"].read()))
    return found


def test_it_sees_its_own_variables_and_those_of_lambda(seen: list[dict[str, Any]]) -> None:
    for name, one in zip(("environment-a", "environment-b"), seen, strict=True):
        environment = one["environment"]
        assert (environment["STAGE"], environment["LOG_LEVEL"]) == (name, "WARNING")
        others = {key for key in environment if not key.startswith(("AWS_", "_"))} - {"STAGE", "LOG_LEVEL"}
        assert others <= OF_LAMBDA | OF_THE_MACHINE
        assert "canary" not in json.dumps(environment)


def test_it_has_no_home_and_a_scratch_folder_of_its_own(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        assert "HOME" not in one["environment"] and one["home"].startswith("/home/sbx_user1051")
        assert Path(one["scratch"]).parent == Path(one["environment"]["TMPDIR"])
        assert Path(one["cwd"]) == Path(one["environment"]["LAMBDA_TASK_ROOT"])


def test_it_is_told_of_itself_what_aws_documents(seen: list[dict[str, Any]]) -> None:
    for name, one in zip(("environment-a", "environment-b"), seen, strict=True):
        environment = one["environment"]
        assert environment.items() >= OF_EVERY_FUNCTION.items()
        wanted = variables_of(name=name, handler="index.handler", memory_size=128, log_format="Text")
        stream = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        own = {"AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_STREAM_NAME": stream}
        assert environment.items() >= (wanted | own | {"AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}"}).items()
        assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
        assert (one["group"], one["stream"]) == (f"/aws/lambda/{name}", stream)


def test_its_python_is_that_of_lambda(seen: list[dict[str, Any]]) -> None:
    assert [(one["log"], one["tkinter"]) for one in seen] == 2 * [(["LambdaLoggerHandler", logging.WARNING], False)]


def test_its_role_has_keys_that_are_not_the_developers(seen: list[dict[str, Any]], cloud: LocalCloud) -> None:
    keys = [one["environment"]["AWS_ACCESS_KEY_ID"] for one in seen]
    assert len({*keys, cloud.access_key_id}) == 3
    assert all(key.startswith("ASIA") for key in keys)


def test_a_layer_is_unpacked_for_each_account(tried: dict[str, str], desk: Path, local_config: WorkspaceConfig) -> None:
    assert tried["its layer"] == "7"
    accounts = [path.name for path in (state_folder(desk) / "layers").iterdir()]
    assert accounts == [local_config.environment("sandbox").account_id]


@KERNEL
def test_it_sees_and_changes_nothing_of_the_developers(tried: dict[str, str], desk: Path) -> None:
    refused = {name for name, said in tried.items() if said == "PermissionError"}
    of_newer_kernels = {"a socket of the machine", "a process of the machine"} if landlock_version() >= 6 else set()
    assert refused == of_newer_kernels | {
        "a file of the checkout",
        "the secret of the start",
        "another function's code",
        "the user's home",
        "the server's environment",
        "a program of the machine",
        "a change of its code",
        "a change of its layer",
    }
    assert (desk / "secret").read_text() == "canary"


def test_it_has_what_lambda_would_give_it(tried: dict[str, str]) -> None:
    wanted = {
        "its layer": "7",
        "the layer's bytecode": "True",
        "scratch by its name": "1",
        "scratch": "1",
        "a program of Lambda": "0",
        "Python": "0",
    }
    assert {name: tried[name] for name in wanted} == wanted
