# ruff: noqa: E501  the messages stand here as they are read
"""One sample repository per mistake: what is said, how it ends, and that nothing was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from multi_env_lambda import pipeline
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.cli.main import main
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.model.plan import BlockedStep, DeployStep
from multi_env_lambda.model.request import Request
from tests.bad_repositories import BAD, copy_of, world_of

pytestmark = pytest.mark.story

ASK = Request(verb="deploy", target="prod", through=True)


def refusal(root: Path, cache: Path) -> str:
    """What a person reads. Unless it is one of the root table, only the unit with the mistake is refused."""
    try:
        world, store = world_of(Workspace.open(root, local=False), cache)
        draft = pipeline.plan(world, ASK)
    except MultiEnvLambdaError as error:
        return f"{type(error).__name__} {error}".replace(str(root), "ROOT")
    pipeline.apply(world, draft)
    steps = {step.project: step for step in draft.plan.steps if step.environment == "sandbox"}
    broken = [step for step in steps.values() if isinstance(step, BlockedStep)]
    good = {step.project for step in steps.values() if isinstance(step, DeployStep)}
    assert good == {"customers"} - {step.project for step in broken}
    blocked = broken[0]
    assert [key for _, key in store.writes if "orders" in key] == []
    return f"{blocked.kind} {blocked.what}\nhint: {blocked.hint}".replace(str(root), "ROOT")


def test_the_repository_without_a_mistake_is_deployed(tmp_path: Path) -> None:
    world, _ = world_of(Workspace.open(copy_of(tmp_path / "repository"), local=False), tmp_path / "cache")

    assert [type(step).__name__ for step in pipeline.plan(world, ASK).plan.steps] == ["DeployStep"] * 4


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_refused_before_anything_is_written(tmp_path: Path, mistake: str) -> None:
    root = copy_of(tmp_path / "repository", mistake)

    assert refusal(root, tmp_path / "cache") == MESSAGES[mistake]


@pytest.mark.parametrize("mistake", ["account_that_is_a_number", "duplicate_environment", "root_without_devops"])
def test_the_command_line_says_the_same_and_ends_with_3(
    tmp_path: Path, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_of(tmp_path / "repository", mistake)

    assert main(["deploy", "--yes"], start=root) == 3
    said = refusal(root, tmp_path / "cache").partition(" ")[2]
    said = said.replace("Workspace.init()", "multi-env-lambda init")  # the only call in these three
    assert capsys.readouterr().err.replace(str(root), "ROOT") == f"error[ConfigurationError]: {said}\n"


MESSAGES = snapshot(
    {
        "account_that_is_a_number": """\
ConfigurationError pyproject.toml [tool.multi_env_lambda.environments[1]] account_id: found 555555555555; expected text
hint: write it in quotes: `account_id = "…"`\
""",
        "cycle_in_needs": """\
ConfigurationError projects/customers/pyproject.toml [tool.multi_env_lambda] needs: circular dependency: customers → orders → customers
hint: remove one of these `needs`\
""",
        "dependency_without_version": """\
ConfigurationError projects/orders/pyproject.toml: [project].dependencies: pydantic>=2 is not locked; expected one of pylock.toml, uv.lock, requirements.txt with hashes
hint: run the verb `lock`\
""",
        "duplicate_environment": """\
ConfigurationError pyproject.toml [tool.multi_env_lambda.environments[1]] name: two environments are called `sandbox`
hint: rename one of them\
""",
        "dynamic_version": """\
ConfigurationError projects/orders/pyproject.toml: [project] lacks `version`, and uv_build takes them from there alone
hint: write the values in [project]; `version` is part of file names\
""",
        "impure_wheel": """\
BuildError projects/orders: the wheel orders-0.1.0-cp313-cp313-linux_x86_64.whl is not pure: it is made for cp313-cp313-linux_x86_64; expected py3-none-any
hint: put compiled code into a dependency, which is installed in the layer for Lambda's platform\
""",
        "job_entry_with_two_arguments": """\
ConfigurationError projects/orders/pyproject.toml: job `nightly`, handler `orders.create:handler`: `handler(event, context)` must accept the one mapping that it is called with
hint: write `def main(arguments): ...` and read `arguments["day"]`, or `def main(): ...`\
""",
        "job_without_a_fitting_wheel": """\
BuildError projects/orders/pylock.toml: compiled 1.0 has no wheel for Python 3.9 on x86_64 (Linux, glibc 2.26 or older); these are locked:
  compiled-1.0-cp313-cp313-manylinux_2_28_x86_64.whl
hint: require a version with such a wheel in [project].dependencies and renew the lock, or move the job to a separate unit\
""",
        "layer_over_the_limit": """\
BuildError projects/orders/pylock.toml: the layer has 263000207 bytes unzipped; Lambda allows 262144000; the biggest are:
     263.0 MB  huge-1.0-py3-none-any.whl
hint: drop or replace one of them; boto3 is available without a layer\
""",
        "library_for_another_processor": """\
BuildError projects/orders/pylock.toml: Lambda (Python 3.13, x86_64) could not load:
  compiled-1.0-cp313-cp313-manylinux_2_28_x86_64.whl: python/compiled.cpython-313-x86_64-linux-gnu.so is for arm64; expected x86_64
hint: the wheel's content does not match its name; choose another version\
""",
        "lock_for_another_python": """\
ConfigurationError projects/orders/pylock.toml: is made for Python <3.13, but the runtime is Python 3.13
hint: run the verb `lock` again\
""",
        "lock_for_another_system": """\
ConfigurationError projects/orders/pylock.toml: is made for sys_platform == "win32", but the function runs on Linux x86_64
hint: run the verb `lock` again\
""",
        "lock_that_lacks_a_dependency": """\
ConfigurationError projects/orders/pylock.toml: other>=2 is not locked
hint: run the verb `lock`\
""",
        "lock_with_an_old_version": """\
ConfigurationError projects/orders/pylock.toml: small is locked as 1.0, but the project requires small>=2
hint: run the verb `lock`\
""",
        "lock_without_the_python_of_glue": """\
ConfigurationError projects/orders/pylock.toml: is made for Python >=3.13, but Glue runs Python 3.9
hint: run the verb `lock` again\
""",
        "missing_handler_function": """\
ConfigurationError projects/orders/pyproject.toml: function `create`, handler `orders.create.handle`: the module `orders.create` does not define `handle`
hint: did you mean `handler`?\
""",
        "missing_handler_module": """\
ConfigurationError projects/orders/pyproject.toml: function `create`, handler `orders.created.handler`: there is no module `orders.created` in the wheel
hint: did you mean `orders.create`?\
""",
        "missing_import": """\
ConfigurationError projects/orders/pyproject.toml: function `create`, handler `orders.create.handler`: the module `pydantic` is missing; it is imported by orders/create.py line 3
hint: add what provides `pydantic` to `dependencies` in pyproject.toml, then lock again\
""",
        "misspelled_environment": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.environments] pord: there is no environment `pord`; expected sandbox or prod
hint: did you mean `prod`?\
""",
        "misspelled_key": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create] memmory_size: unknown key `memmory_size`; expected alarms, dead_letter_arn, description, environment, ephemeral_storage, events, handler, invoke, layers, log_format, log_retention_days, managed_policies, memory_size, name, on_failure_arn, policies, provided, read, reserved_concurrency, role, root, smoke, snap_start, start, timeout, tracing, traffic, vpc or write
hint: did you mean `memory_size`?\
""",
        "name_that_aws_refuses": """\
ConfigurationError projects/orders/pyproject.toml [project] name: found "2orders"; expected up to 40 lowercase letters, digits and single hyphens, starting with a letter
hint: the name is part of stack and function names, so AWS must accept it: for example `orders` or `data-import`\
""",
        "name_too_long": """\
ConfigurationError projects/orders/pyproject.toml (sandbox): the function would be called `orders-of-all-customers-in-every-country-sandbox-create-or-update-them`: 70 characters; expected at most 64
hint: shorten the name of the unit, the key or the environment\
""",
        "need_that_is_no_unit": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda] needs: there is no unit `costumers`; expected customers
hint: did you mean `customers`?\
""",
        "no_wheel_for_lambda": """\
BuildError projects/orders/pylock.toml: windows 1.0 has no wheel for Python 3.13 on x86_64 (Linux, glibc 2.34 or older); these are locked:
  windows-1.0-cp313-cp313-win_amd64.whl
hint: require a version with such a wheel in [project].dependencies and renew the lock, or choose another runtime\
""",
        "not_toml": """\
ConfigurationError projects/orders/pyproject.toml: not a TOML document: Invalid value (at line 20, column 15)
hint: correct the file\
""",
        "policy_without_service": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create.policies[0]] actions[0]: found "PutItem"; expected an action such as "s3:GetObject"
hint: write the service, a colon and the name of the call\
""",
        "root_without_devops": """\
ConfigurationError ROOT: no pyproject.toml here or above has a table [tool.multi_env_lambda.devops]
hint: `Workspace.init()` writes one\
""",
        "shared_folder_outside": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda] shared[0]: found "../money"; expected a relative path that stays inside the repository
hint: write the path from the top of the repository, with `/`: for example "libs/common"\
""",
        "shared_folder_that_is_missing": """\
ConfigurationError projects/orders/pyproject.toml: tool.multi_env_lambda.shared: the folder `libs/money` is not in the repository
hint: correct the path; it is relative to the repository's root\
""",
        "spark_job_with_compiled_modules": """\
ConfigurationError projects/orders/pylock.toml: the Spark job `nightly` cannot have compiled modules on its workers: native-1.0-cp39-abi3-manylinux_2_17_x86_64.whl
hint: remove it if Glue has it anyway, or move what needs it to a Python shell job of another unit\
""",
        "stack_that_raises": """\
ConfigurationError projects/orders/stack.py: extend() failed for sandbox with TypeError: 'Template' object is not subscriptable (line 6)
hint: add each name once, and check the types of properties (p_…), which cottonformation enforces\
""",
        "stack_without_extend": """\
ConfigurationError projects/orders/stack.py: has no function `extend`
hint: write `def extend(template, context): ...`\
""",
        "symlink_that_leaves": """\
BuildError projects/orders: the symbolic link projects/orders/orders/prices.csv leaves its folder: it points to '../../customers/pyproject.toml'
hint: copy the file, or move it to a folder that is listed in `shared`\
""",
        "two_units_one_function": """\
ConfigurationError projects/orders/pyproject.toml: projects/orders in sandbox and projects/orders-sandbox in sandbox would both create the function `orders-sandbox-sandbox-create` in account 222222222222, us-east-1
hint: rename a unit or a key, or use different accounts for the environments\
""",
        "two_units_one_name": """\
ConfigurationError projects/bestellungen/pyproject.toml [project] name: the name `orders` is also used by projects/orders
hint: rename one; `-`, `_`, `.` and upper or lower case make no difference\
""",
        "two_wheels_one_file": """\
BuildError projects/orders/pylock.toml: same-1.0-py3-none-any.whl and small-1.0-py3-none-any.whl both have a file 'shared.py', with different content
hint: they cannot be used together; choose one of them\
""",
        "unhashed_dependency": """\
ConfigurationError projects/orders/pyproject.toml: [project].dependencies: pydantic>=2 is not locked; expected one of pylock.toml, uv.lock, requirements.txt with hashes
hint: run the verb `lock`\
""",
        "unknown_event": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create.events[0]]: found no kind; expected exactly one of schedule, scheduler, sqs, sns, s3, event_pattern, dynamodb, kinesis, url, http or rest
hint: did you mean `schedule`?\
""",
        "unlocked_dependency": """\
ConfigurationError projects/orders/pyproject.toml: [project].dependencies: pydantic>=2 is not locked; expected one of pylock.toml, uv.lock, requirements.txt with hashes
hint: run the verb `lock`\
""",
        "value_out_of_range": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create] memory_size: found 64; expected a whole number from 128 to 10240
hint: choose a number in that range\
""",
        "version_that_is_none": """\
ConfigurationError projects/orders/pyproject.toml [project] version: found "first"; expected a version as in PEP 440
hint: for example "0.1.1"\
""",
        "wheel_that_was_replaced": """\
BuildError projects/orders/pylock.toml: small-1.0-py3-none-any.whl has SHA-256 5481a29eba300cdbe4d1b8c3da6878ed8834ba280f4cd6a043670bad2bece9b9, but 0000000000000000000000000000000000000000000000000000000000000000 is locked
hint: the file was replaced at its source; find out why before you renew the lock\
""",
        "wheel_with_data_files": """\
BuildError projects/orders: the wheel has a folder orders-0.1.0.data, which an installer would move, but Lambda does not
hint: make scripts and data files part of the package instead\
""",
        "wrong_type": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create] timeout: found "30"; expected a whole number from 1 to 900
hint: write the number without quotes\
""",
        "zip_entry_that_escapes": """\
BuildError projects/orders/pylock.toml: escaping-1.0-py3-none-any.whl: entry '../../outside.py' climbs out of its folder with '..'
hint: an archive may only have files below its own root\
""",
        "policy_for_no_resource": """\
ConfigurationError projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create.policies[0]] resources[0]: found "acme-data"; expected "*" or an ARN such as "arn:aws:s3:::acme-data/*"
hint: IAM accepts nothing else; it may contain `${region}`, `${account_id}` and `${environment}`\
""",
        "library_that_lambda_lacks": """\
BuildError projects/orders/pylock.toml: Lambda (Python 3.13, x86_64) could not load:
  display-1.0-cp313-cp313-manylinux_2_28_x86_64.whl: python/display.cpython-313-x86_64-linux-gnu.so needs libGL.so.1, which neither the layer nor Lambda (Amazon Linux 2023) has
hint: use a package that includes its libraries, or a variant that does not need them (a display, a driver)\
""",
        "job_of_a_newer_python": """\
ConfigurationError projects/orders/pyproject.toml: job `nightly`, handler `orders.job:main`: orders/kinds.py line 6 is not Python 3.9, which Glue runs: Pattern matching is only supported in Python 3.10 and greater
hint: write it for that version, or do not import it in the job\
""",
    }
)
