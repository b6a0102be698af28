"""What SAM, CDK and sceptre need to bring the functions of a workspace into the same account."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs
import boto3

from benchmarks.measure import change_line
from multi_env_lambda.host.folders import user_cache

RUNTIME = f"python3.{sys.version_info[1]}"
REGION = "us-east-1"


@attrs.frozen
class Peer:
    """``jobs``: the command for each job. ``change`` changes one line of the first function."""

    name: str
    folder: Path
    change: Callable[[], None]
    environment: Mapping[str, str]
    jobs: Mapping[str, Sequence[str]]


@attrs.frozen
class Unit:
    """A function: its package, and the requirements that its lock was made from."""

    name: str
    package: Path
    requirement: str

    @property
    def handler(self) -> str:
        return f"{self.package.name}.main.handler"


def units_of(root: Path) -> list[Unit]:
    found = []
    for folder in sorted(root.glob("projects/*")):
        lines = (folder / "pyproject.toml").read_text(encoding="utf-8").splitlines()
        wanted = next(line for line in lines if line.startswith("dependencies"))
        package = next(folder.glob("*/main.py")).parent
        found.append(Unit(folder.name, package, json.loads(wanted.partition("=")[2])[0]))
    return found


def installed(
    folder: Path, root: Path, environment: Mapping[str, str], endpoint: str, names: Sequence[str]
) -> list[Peer]:
    """Those of ``names`` whose program is on the path, with their files in ``folder``."""
    made = {"sam": _sam, "cdk": _cdk, "sceptre": _sceptre}
    units = units_of(root)
    # The role of a developer in the first environment's account, as variables that every tool understands.
    keys = _session(environment).get_credentials()
    assert keys is not None
    frozen = keys.get_frozen_credentials()
    theirs = {
        **{name: value for name, value in environment.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": str(frozen.access_key),
        "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key),
        "AWS_SESSION_TOKEN": str(frozen.token),
        "SAM_CLI_TELEMETRY": "0",
        "CDK_DISABLE_CLI_TELEMETRY": "1",
    }
    return [made[name](folder / name, units, theirs) for name in names if shutil.which(name)]


def _session(environment: Mapping[str, str]) -> boto3.Session:
    os.environ.update({name: value for name, value in environment.items() if name.startswith("AWS_")})
    os.environ.pop("AWS_PROFILE", None)
    return boto3.Session(profile_name="sandbox")


def _bucket(name: str, environment: Mapping[str, str]) -> str:
    _client("s3", environment).create_bucket(Bucket=name)
    return name


def _client(service: str, environment: Mapping[str, str]) -> object:
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )


def _copied(unit: Unit, folder: Path) -> Path:
    shutil.copytree(unit.package, folder / unit.package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _with_dependencies(unit: Unit, folder: Path) -> Path:
    """A finished tree: what CDK and sceptre leave to others."""
    words = [sys.executable, "-m", "uv", "pip", "install", "-q", "--target", str(folder), unit.requirement]
    subprocess.run(words, check=True)
    return _copied(unit, folder)


def _let_in() -> None:
    """SAM's own transform runs in AWS, and so in the local cloud: here in one that only these benchmarks use."""
    for python in user_cache().glob("local-cloud/*/bin/python"):
        words = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python), "aws-sam-translator"]
        subprocess.run(words, check=True)


def _sam(folder: Path, units: Sequence[Unit], environment: Mapping[str, str]) -> Peer:
    _let_in()
    resources = {}
    for unit in units:
        code = _copied(unit, folder / "functions" / unit.name)
        (code / "requirements.txt").write_text(unit.requirement + "\n", encoding="utf-8")
        properties = {"CodeUri": str(code), "Handler": unit.handler, "Runtime": RUNTIME}
        name = unit.name.title().replace("-", "")
        resources[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": properties,
            "Metadata": {"BuildMethod": "python-uv"},
        }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    (folder / "template.json").write_text(json.dumps(template), encoding="utf-8")
    bucket = _bucket("sam-of-the-benchmark", environment)
    build = ["sam", "build", "--beta-features", "--cached", "--parallel", "-t", "template.json"]
    send = ["sam", "deploy", "--stack-name", "of-sam", "--s3-bucket", bucket, "--capabilities", "CAPABILITY_IAM"]
    deploy = ["sh", "-c", f"{' '.join(build)} && {' '.join(send)} --no-fail-on-empty-changeset"]
    jobs = {"build": build, "first deploy": deploy, "no change": deploy, "one line, all": deploy}
    file = folder / "functions" / units[0].name / units[0].package.name / "main.py"
    return Peer("sam", folder, partial(change_line, file), environment, jobs)


_APP = """
const cdk = require('aws-cdk-lib'); const lambda = require('aws-cdk-lib/aws-lambda');
const app = new cdk.App({{ analyticsReporting: false }});
for (const unit of {units}) {{
  const synthesizer = new cdk.CliCredentialsStackSynthesizer();
  const env = {{ region: '{region}', account: '{account}' }};
  const stack = new cdk.Stack(app, 'of-cdk-' + unit.name, {{ synthesizer, env }});
  new lambda.Function(stack, 'Main', {{
    code: lambda.Code.fromAsset(unit.tree), handler: unit.handler, runtime: new lambda.Runtime('{runtime}'),
  }});
}}
"""


def _cdk(folder: Path, units: Sequence[Unit], environment: Mapping[str, str]) -> Peer:
    account = _client("sts", environment).get_caller_identity()["Account"]  # type: ignore[attr-defined]
    _bucket(f"cdk-hnb659fds-assets-{account}-{REGION}", environment)
    trees = {unit.name: _with_dependencies(unit, folder / "trees" / unit.name) for unit in units}
    given = json.dumps([{"name": one.name, "tree": str(trees[one.name]), "handler": one.handler} for one in units])
    app = _APP.format(units=given, region=REGION, account=account, runtime=RUNTIME)
    (folder / "app.js").write_text(app, encoding="utf-8")
    (folder / "cdk.json").write_text(json.dumps({"app": "node app.js", "versionReporting": False}), encoding="utf-8")
    program = Path(shutil.which("cdk") or "").resolve()
    library = next(place for place in program.parents if place.name == "node_modules")
    deploy = ["cdk", "deploy", "--require-approval", "never", "--concurrency", "8"]
    jobs = {
        "first deploy": [*deploy, "--all"],
        "no change": [*deploy, "--all"],
        "one line, named": [*deploy, "--exclusively", f"of-cdk-{units[0].name}"],
        "one line, all": [*deploy, "--all"],
    }
    file = trees[units[0].name] / units[0].package.name / "main.py"
    return Peer("cdk", folder, partial(change_line, file), {**environment, "NODE_PATH": str(library)}, jobs)


def _sceptre(folder: Path, units: Sequence[Unit], environment: Mapping[str, str]) -> Peer:
    """One stack per unit, of code that is in S3; "one line" is a line of the template, since it builds nothing."""
    bucket = _bucket("sceptre-of-the-benchmark", environment)
    client = _client("s3", environment)
    (folder / "config" / "dev").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "config" / "config.yaml").write_text(f"project_code: of-sceptre\nregion: {REGION}\n", encoding="utf-8")
    for unit in units:
        tree = _with_dependencies(unit, folder / "trees" / unit.name)
        packed = shutil.make_archive(str(folder / unit.name), "zip", tree)
        client.upload_file(packed, bucket, f"{unit.name}.zip")  # type: ignore[attr-defined]
        template = _stack_of(unit, bucket)
        (folder / "templates" / f"{unit.name}.json").write_text(json.dumps(template), encoding="utf-8")
        settings = f"template:\n  type: file\n  path: {unit.name}.json\n"
        (folder / "config" / "dev" / f"{unit.name}.yaml").write_text(settings, encoding="utf-8")
    launch = ["sceptre", "launch", "-y"]
    jobs = {
        "first deploy": [*launch, "dev"],
        "no change": [*launch, "dev"],
        "one line, named": [*launch, f"dev/{units[0].name}.yaml"],
        "one line, all": [*launch, "dev"],
    }

    def change() -> None:
        described = {**_stack_of(units[0], bucket), "Description": f"Changed {time.time_ns()}"}
        (folder / "templates" / f"{units[0].name}.json").write_text(json.dumps(described), encoding="utf-8")

    return Peer("sceptre", folder, change, environment, jobs)


def _stack_of(unit: Unit, bucket: str) -> Mapping[str, object]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    function = {
        "Code": {"S3Bucket": bucket, "S3Key": f"{unit.name}.zip"},
        "Handler": unit.handler,
        "Runtime": RUNTIME,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    return {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Main": {"Type": "AWS::Lambda::Function", "Properties": function},
        }
    }
