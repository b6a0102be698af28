"""The table of the continuous integration: what it says, and how a wrong one is refused."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.ci.names import is_ref_name
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci import CiRules, read_ci
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.workspace import read_workspace
from tests.model.test_workspace import GOOD

FULL = """
[tool.multi_env_lambda.ci]
branch = "trunk"
verify = ["python", "-m", "pytest", "integration", "integration"]
strangers = "copy"
maintainers = ["grace", "ada@example.com"]
[tool.multi_env_lambda.ci.branch_environments]
branches = ["feature/*", "try-*"]
days = 3
"""


def read(text: str) -> CiRules:
    return read_workspace(tomllib.loads(GOOD + text), where="pyproject.toml").ci


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


def test_everything_has_a_default() -> None:
    assert read("") == read("[tool.multi_env_lambda.ci]\n") == CiRules()
    assert (CiRules().branch, CiRules().branches, CiRules().strangers) == ("main", (), "ask")


def test_what_is_said_is_read() -> None:
    assert read(FULL) == CiRules(
        branch="trunk",
        verify=("python", "-m", "pytest", "integration", "integration"),
        branches=("feature/*", "try-*"),
        days=3,
        strangers="copy",
        maintainers=("grace", "ada@example.com"),
    )


WRONG = [
    'brnach = "main"',
    'branch = "refs heads"',
    'branch = "../main"',
    'verify = "pytest"',
    "verify = [7]",
    'verify = ["a\\nb"]',
    'strangers = "trust"',
    'maintainers = ["@grace"]',
    "branch_environments = { days = 3 }",
    'branch_environments = { branches = ["a b"] }',
    'branch_environments = { branches = ["feature/*"], days = 91 }',
    'branch_environments = { branches = ["feature/*"], hours = 1 }',
    'branch_environments = "all"',
]


def test_a_wrong_table_is_refused_by_place_value_and_hint() -> None:
    found = "\n".join(refusal(f"[tool.multi_env_lambda.ci]\n{text}") for text in WRONG)

    assert found == snapshot("""\
pyproject.toml [tool.multi_env_lambda.ci] brnach: unknown key `brnach`; expected bitbucket, branch, branch_environments, builds, codepipeline, connection, github, gitlab, maintainers, minutes, people, repository, strangers, verify or webhook
hint: did you mean `branch`?
pyproject.toml [tool.multi_env_lambda.ci] branch: found "refs heads"; expected the name of a branch, of letters, digits and `._/+@#=-`
hint: without `refs/heads/`: for example `main`
pyproject.toml [tool.multi_env_lambda.ci] branch: found "../main"; expected the name of a branch, of letters, digits and `._/+@#=-`
hint: without `refs/heads/`: for example `main`
pyproject.toml [tool.multi_env_lambda.ci] verify: found "pytest"; expected a list
hint: write `verify = [ … ]`
pyproject.toml [tool.multi_env_lambda.ci] verify[0]: found 7; expected text
hint: write it in quotes
pyproject.toml [tool.multi_env_lambda.ci] verify[0]: found "a
b"; expected one word of a command, without line breaks
hint: no shell reads it, so each word stands alone: `verify = ["python", "-m", "pytest", "integration"]`
pyproject.toml [tool.multi_env_lambda.ci] strangers: found "trust"; expected "ask" or "copy"
hint: use one of these
pyproject.toml [tool.multi_env_lambda.ci] maintainers[0]: found "@grace"; expected how somebody is called at the Git host
hint: the login, without a leading `@`
pyproject.toml [tool.multi_env_lambda.ci.branch_environments] branches: `branches` is missing
hint: say which branches get an environment: `branches = ["feature/*"]`
pyproject.toml [tool.multi_env_lambda.ci.branch_environments] branches[0]: found "a b"; expected the name of a branch, in which `*` stands for anything
hint: for example `branches = ["feature/*"]`
pyproject.toml [tool.multi_env_lambda.ci.branch_environments] days: found 91; expected a whole number from 1 to 90
hint: choose a number in that range
pyproject.toml [tool.multi_env_lambda.ci.branch_environments] hours: unknown key `hours`; expected branches or days
hint: use one of these
pyproject.toml [tool.multi_env_lambda.ci] branch_environments: found "all"; expected a table
hint: write `[tool.multi_env_lambda.ci.branch_environments]`, or `branch_environments = { … }`\
""")  # noqa: E501


def test_no_environment_of_the_table_is_called_as_those_of_branches_are() -> None:
    own = '[tool.multi_env_lambda.ci]\nbranch_environments = { branches = ["feature/*"] }\n'
    named = GOOD.replace('name = "sandbox"', 'name = "b-sandbox"')

    assert read_workspace(tomllib.loads(named), where="pyproject.toml").environments[0].name == "b-sandbox"
    with pytest.raises(ConfigurationError) as caught:
        read_workspace(tomllib.loads(named + own), where="pyproject.toml")
    assert str(caught.value) == snapshot("""\
pyproject.toml [tool.multi_env_lambda] environments: found `b-sandbox`, and `b-` is what branches' own environments begin with
hint: call it otherwise, or leave `ci.branch_environments` out\
""")  # noqa: E501


@pytest.mark.parametrize(
    ("branch", "has"),
    [
        ("feature/x", True),
        ("feature/", True),
        ("feature/x/y", True),
        ("Feature/x", False),
        ("fix", False),
        ("main", False),
    ],
)
def test_a_branch_has_an_environment_of_its_own_if_a_pattern_says_so(branch: str, has: bool) -> None:
    assert CiRules(branches=("feature/*", "ma*")).has_own_environment(branch) == has


@given(branch=st.text(max_size=20) | st.from_regex(r"[a-z./@-]{1,12}", fullmatch=True))
@example(branch="release/.hidden")
def test_a_protected_branch_is_one_that_git_takes(branch: str) -> None:
    try:
        found = read_ci(Table(where="pyproject.toml", path="ci", values={"branch": branch})).branch
    except ConfigurationError:
        return
    assert is_ref_name(found)
