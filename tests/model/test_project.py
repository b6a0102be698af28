"""A unit's file: the standard table, the library's table, and what differs between environments."""

from __future__ import annotations

import tomllib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.runtime import RUNTIMES
from multi_env_lambda.model.settings import ParameterReference, PlainValue, SecretReference

DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="acme")
SANDBOX = Environment(name="sandbox", account_id="222222222222", region="us-east-1")
PROD = Environment(name="prod", account_id="555555555555", region="eu-central-1", position=1)

GOOD = """
[project]
name = "orders"
version = "0.1.1"
requires-python = ">=3.11"
dependencies = ["pydantic>=2"]
[tool.multi_env_lambda]
runtime = "python3.12"
architecture = "arm64"
needs = ["customers"]
shared = ["libs/common"]
[tool.multi_env_lambda.functions.create]
handler = "orders.create.handler"
memory_size = 256
environment.TABLE = "orders-${environment}-${region}-${account_id}-${project}"
environment.DB = { secret = "orders/db" }
smoke = { payload = { id = 1 } }
[tool.multi_env_lambda.environments.prod.functions.create]
memory_size = 1024
environment.DB = { parameter = "/orders/db" }
smoke.payload = { name = "x" }
"""
PLAIN = '[project]\nname = "orders"\nversion = "0.1.1"\n[tool.multi_env_lambda]\n'


def read(text: str = GOOD, folder: str = "projects/orders") -> Project:
    where = f"{folder}/pyproject.toml"
    document = tomllib.loads(text)
    return read_project(document, folder=folder, where=where, environments=(SANDBOX, PROD), devops=DEVOPS)


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return refusal(GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("memory_size = 256", 'description = "a\\u001b[2Jb"', "functions.create.description: a text has \\x1b"),
        ('"orders-$', '"a\\u0000b-$', "functions.create.environment.TABLE: a text has \\x00"),
        ("memory_size = 1024", 'description = "\\uFFFF"', "environments.prod.functions.create.description: a text has"),
    ],
)
def test_a_text_that_nobody_could_read_in_a_stack_is_refused_before_it_is_used(old: str, new: str, place: str) -> None:
    assert place in changed(old, new)


def test_the_event_of_a_smoke_call_is_in_no_stack() -> None:
    read(GOOD.replace('{ name = "x" }', '{ name = "\\u0001" }'))


# --- what is read ---
def test_the_standard_table_gives_name_version_and_dependencies() -> None:
    project = read()

    assert (project.name, project.version, project.dependencies) == ("orders", "0.1.1", ("pydantic>=2",))


def test_the_own_table_gives_what_it_is_built_from() -> None:
    project = read()

    assert (project.runtime, project.python, project.architecture) == ("python3.12", "3.12", "arm64")
    assert (project.needs, project.shared) == (("customers",), ("libs/common",))


def test_an_empty_table_is_a_unit_with_defaults() -> None:
    project = read(PLAIN)

    assert (project.runtime, project.architecture, project.versioning) == ("python3.13", "x86_64", "post")
    assert project.handlers == ()


def test_names_in_aws_are_made_of_unit_environment_and_key() -> None:
    project = read()

    assert project.stack_name("prod") == "orders-prod"
    assert project.function_name("prod", "create") == project.job_name("prod", "create") == "orders-prod-create"
    assert project.bucket_name(PROD, "in_box") == "orders-prod-in-box-555555555555-eu-central-1"


def test_handlers_of_all_environments_are_found() -> None:
    text = GOOD + '[tool.multi_env_lambda.environments.prod.functions.audit]\nhandler = "orders.audit.handler"\n'

    assert read(text).handlers == (("audit", "orders.audit.handler"), ("create", "orders.create.handler"))


def test_a_name_is_normalised() -> None:
    assert read(PLAIN.replace('"orders"', '"My_Big.Orders"')).name == "my-big-orders"


def test_a_version_is_kept_in_its_normal_form() -> None:
    assert read(PLAIN.replace("0.1.1", "2026.01.05-rc.1")).version == "2026.1.5rc1"


def test_strict_versioning_takes_post_releases_of_ones_own() -> None:
    assert read(PLAIN.replace("0.1.1", "0.1.1.post1") + 'versioning = "strict"').version == "0.1.1.post1"


def test_projects_are_hashable() -> None:
    assert len({read(), read()}) == 1


# --- differences between environments ---
def test_only_what_differs_is_written_for_an_environment() -> None:
    settings = read().settings

    assert [settings[name].functions[0].memory_size for name in ("sandbox", "prod")] == [256, 1024]
    assert settings["prod"].functions[0].handler == "orders.create.handler"


def test_a_reference_is_replaced_as_a_whole() -> None:
    settings = read().settings

    assert dict(settings["sandbox"].functions[0].environment)["DB"] == SecretReference(name="orders/db")
    assert dict(settings["prod"].functions[0].environment)["DB"] == ParameterReference(name="/orders/db")


def test_a_smoke_payload_is_replaced_as_a_whole() -> None:
    smoke = read().settings["prod"].functions[0].smoke

    assert smoke is not None
    assert smoke.payload == '{"name":"x"}'


def test_variables_are_those_of_the_environment() -> None:
    value = dict(read().settings["prod"].functions[0].environment)["TABLE"]

    assert value == PlainValue(text="orders-prod-eu-central-1-555555555555-orders")


def test_a_function_can_be_left_out_of_an_environment() -> None:
    text = GOOD[: GOOD.index("[tool.multi_env_lambda.environments")]
    settings = read(text + "[tool.multi_env_lambda.environments.prod]\nfunctions.create = false\n").settings

    assert ([len(settings[name].functions) for name in ("sandbox", "prod")]) == [1, 0]


def test_tags_are_merged_and_sorted() -> None:
    text = PLAIN + 'tags = { team = "b", cost = "1" }\nenvironments.prod.tags.cost = "2"'

    assert read(text).settings["prod"].tags == (("cost", "2"), ("team", "b"))


def test_forty_tags_and_a_long_name_are_allowed() -> None:
    lines = [f"tags.t{number} = 'x'" for number in range(39)]

    assert len(read(PLAIN + "\n".join([*lines, f"tags.{'n' * 128} = 'x'"])).settings["prod"].tags) == 40
    assert "up to 128 characters" in refusal(PLAIN + f"tags.{'n' * 129} = 'x'")


def test_references_of_an_environment_are_listed_once() -> None:
    extra = '[tool.multi_env_lambda.functions.list]\nhandler = "a.b"\nenvironment.DB = { secret = "orders/db" }\n'

    assert read(GOOD + extra).settings["sandbox"].references == (SecretReference(name="orders/db"),)


def test_an_error_in_an_environment_points_there() -> None:
    assert changed("memory_size = 1024", "memory_size = 64") == snapshot("""\
projects/orders/pyproject.toml [tool.multi_env_lambda.environments.prod.functions.create] memory_size: found 64; expected a whole number from 128 to 10240
hint: choose a number in that range\
""")  # noqa: E501


def test_an_error_in_the_base_points_to_the_base() -> None:
    assert "[tool.multi_env_lambda.functions.create] memory_size" in changed("memory_size = 256", "memory_size = 64")


def test_a_difference_that_only_python_takes_for_the_same_value_is_still_checked() -> None:
    functions = 'functions.create = { handler = "orders.create.handler", timeout = 1 }\n'
    assert "timeout" in refusal(PLAIN + functions + "environments.prod.functions.create.timeout = true")


def test_an_unknown_environment_is_refused() -> None:
    assert changed("environments.prod.", "environments.prd.") == snapshot("""\
projects/orders/pyproject.toml [tool.multi_env_lambda.environments] prd: there is no environment `prd`; expected sandbox or prod
hint: did you mean `prod`?\
""")  # noqa: E501


def test_an_unknown_variable_is_refused() -> None:
    assert changed("${project}", "${projekt}") == snapshot("""\
projects/orders/pyproject.toml [tool.multi_env_lambda.functions.create.environment] TABLE: found `${projekt}`; expected ${environment}, ${account_id}, ${region} or ${project}
hint: did you mean `project`? Write `$${` for a plain `${`\
""")  # noqa: E501


def test_the_runtime_is_the_same_everywhere() -> None:
    text = PLAIN + 'environments.prod.runtime = "python3.12"'

    assert "it is the same in every environment" in refusal(text)


@given(st.integers(128, 10_240), st.integers(128, 10_240))
def test_the_environment_wins_over_the_base(base: int, prod: int) -> None:
    text = f"functions.f = {{ handler = 'a.b', memory_size = {base} }}\n"
    settings = read(f"{PLAIN}{text}environments.prod.functions.f.memory_size = {prod}").settings

    assert [settings[name].functions[0].memory_size for name in ("sandbox", "prod")] == [base, prod]


def test_no_difference_gives_the_same_settings_but_for_variables() -> None:
    settings = read(PLAIN + 'functions.create = { handler = "a.b", timeout = 9 }').settings

    assert settings["sandbox"] == settings["prod"]


# --- what is refused: [project] ---
def test_a_dynamic_key_with_a_value_is_refused_with_the_reason() -> None:
    assert changed('version = "0.1.1"', 'version = "0.1.1"\ndynamic = ["version"]') == snapshot("""\
projects/orders/pyproject.toml [project] dynamic: found `version`, which has a value, too
hint: remove one of them\
""")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "orders"', "", "`name` is missing"),
        ('version = "0.1.1"', "", "`version` is missing"),
        ('"0.1.1"', "1", "found 1; expected text"),
        ('"0.1.1"', '"one"', "a version as in PEP 440"),
        ('"0.1.1"', '"0.1.1+local"', "without `+local` part"),
        ('"0.1.1"', '"1!0.1.1"', "without `+local` part and without `epoch!`"),
        ('"0.1.1"', '"0.1.1.post1"', "without .post and .dev"),
        ('"0.1.1"', '"0.1.1.dev1"', "without .post and .dev"),
        ('"orders"', '"1orders"', "starting with a letter"),
        ('"orders"', '"or ders"', "lowercase letters"),
        ('"orders"', '"-orders"', "lowercase letters"),
        ('"orders"', '"órders"', "lowercase letters"),
        ('"orders"', f'"{"o" * 41}"', "up to 40"),
        ('["pydantic>=2"]', '["pydantic=>2"]', "dependencies[0]: found"),
        ('["pydantic>=2"]', '"pydantic>=2"', "expected a list"),
        ("[project]", '[project]\ndynamic = ["dependencies"]', "found `dependencies`"),
        ('">=3.11"', '"3.11 or so"', "a version specifier"),
        ('">=3.11"', '">=3.13"', "excludes the runtime python3.12"),
        ("[project]", "[projects]", "`project` is missing"),
    ],
)
def test_a_wrong_standard_table_is_refused(old: str, new: str, message: str) -> None:
    assert message in changed(old, new)


def test_a_job_must_run_on_the_python_of_glue() -> None:
    text = GOOD + '[tool.multi_env_lambda.jobs.nightly]\nentry = "orders.job:main"\n'

    assert "excludes Glue's Python 3.9" in refusal(text)


# --- what is refused: [tool.multi_env_lambda] ---
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_of_lambda_is_taken(runtime: str) -> None:
    assert read(PLAIN + f'runtime = "{runtime}"').python == runtime.removeprefix("python")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('runtime = "python3.8"', '"python3.9", "python3.10"'),
        ('runtime = "nodejs22.x"', "python3.14"),
        ('architecture = "arm"', "did you mean `arm64`?"),
        ('versioning = "pep440"', '"post" or "strict"'),
        ('need = ["a"]', "did you mean `needs`?"),
        ('bucket = "x"', "unknown key `bucket`"),
        ("keep = 3", "in the root pyproject.toml"),
        ('needs = "a"', "expected a list"),
        ('needs = ["orders"]', "needs itself"),
        ("environments = [{ name = 'x' }]", "expected a table per environment"),
        ("functions = ['create']", "expected a table"),
        ("functions.create = 'orders.create.handler'", "expected a table"),
        ("functions.Create = { handler = 'a.b' }", "found the name `Create`"),
        ("functions.'../x' = { handler = 'a.b' }", "found the name `../x`"),
        ("functions.a-b = { handler = 'a.b' }\nfunctions.a_b = { handler = 'a.b' }", "the same name in a template"),
        ("functions.a = { handler = 'a.b' }\njobs.a = { entry = 'a:b' }", "the same name in a template"),
        ("tags = { 'aws:x' = 'y' }", "do not start with `aws:`"),
        ("tags = { x = 1 }", "found 1; expected text"),
        (f"tags = {{ x = '{'y' * 257}' }}", "up to 256 characters"),
        ("\n".join(f"tags.t{number} = 'x'" for number in range(41)), "found 41 tags"),
    ],
)
def test_a_wrong_own_table_is_refused(line: str, message: str) -> None:
    assert message in refusal(PLAIN + line)


def test_a_function_name_over_64_characters_is_refused() -> None:
    text = PLAIN.replace('"orders"', f'"{"o" * 30}"') + f"functions.{'f' * 30} = {{ handler = 'a.b' }}"

    assert refusal(text) == snapshot("""\
projects/orders/pyproject.toml (sandbox): the function would be called `oooooooooooooooooooooooooooooo-sandbox-ffffffffffffffffffffffffffffff`: 69 characters; expected at most 64
hint: shorten the name of the unit, the key or the environment\
""")  # noqa: E501


def test_a_bucket_name_over_63_characters_is_refused() -> None:
    text = PLAIN + f"functions.{'f' * 30} = {{ handler = 'a.b', events = [{{ s3 = true }}] }}"

    assert "the bucket would be called" in refusal(text)


def test_two_functions_cannot_create_one_queue() -> None:
    lines = [f"functions.{key} = {{ handler = 'a.b', events = [{{ sqs = {{ name = 'q' }} }}] }}" for key in "ab"]

    assert "the queue `q` would be created twice" in refusal(PLAIN + "\n".join(lines))


def test_a_queue_cannot_be_called_like_anothers_dead_letter_queue() -> None:
    lines = [f"functions.{key} = {{ handler = 'a.b', events = [{{ sqs = true }}] }}" for key in ("q", "q-dlq")]

    assert "the queue `q-dlq` would be created twice" in refusal(PLAIN + "\n".join(lines))


@pytest.mark.parametrize(
    "path",
    ["/etc", "..", "../other", "libs/../../x", "libs/..", "", " ", ".", "./", "~/x", "C:\\x", "libs\\x", "a\nb", "c:x"],
)
def test_a_shared_folder_stays_inside_the_repository(path: str) -> None:
    text = PLAIN + f"shared = [{path!r}]".replace("'", '"')

    assert "stays inside the repository" in refusal(text)


@pytest.mark.parametrize("path", ["projects/orders", "projects", "./projects/orders/"])
def test_a_shared_folder_does_not_contain_the_own_one(path: str) -> None:
    assert "overlaps the unit's own folder" in refusal(PLAIN + f'shared = ["{path}"]')


@pytest.mark.parametrize("root", ["", 'root = "a"\n'])
def test_a_folder_of_the_unit_may_be_shared(root: str) -> None:
    """Its modules are imported as if they lay at the top, and its list of packages counts."""
    text = PLAIN + 'shared = ["projects/orders/layer"]\n[tool.multi_env_lambda.functions.a]\nhandler = "app.handler"\n'

    assert read(text + root).shared == ("projects/orders/layer",)


def test_shared_folders_are_kept_in_their_plain_form() -> None:
    assert read(PLAIN + 'shared = ["./libs/money/", "libs//common"]').shared == ("libs/common", "libs/money")


def test_a_file_without_the_own_table_is_refused() -> None:
    assert "the table [tool.multi_env_lambda] is missing" in refusal('[project]\nname = "a"\nversion = "1"')


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3), st.data())
def test_any_value_under_any_key_is_read_or_refused(value: object, data: st.DataObject) -> None:
    keys = ("runtime", "needs", "shared", "versioning", "functions", "jobs", "tags", "environments", "x")
    table = {data.draw(st.sampled_from(keys)): value}
    document = {"project": {"name": "orders", "version": "1"}, "tool": {"multi_env_lambda": table}}
    try:
        project = read_project(document, folder="projects/orders", where="p", environments=(PROD,), devops=DEVOPS)
    except ConfigurationError as error:
        assert error.hint
    else:
        assert attrs.evolve(project) == project
