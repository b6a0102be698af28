"""The workflow for GitHub Actions: what stands in it, and what never gets into it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.github import PLAN_ENVIRONMENT, WORKFLOW, GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.github_steps import ACTIONS, INSTALL, Library
from multi_env_lambda.plan.github_strangers import COPY, LIBRARY_OF_COPY, PREVIEW, TELL
from multi_env_lambda.plan.github_workflow import ASK, RUN, merged_file, telling, workflow
from multi_env_lambda.testing.local_cloud import sample_config
from tests.tools.yaml_files import yaml_in

LIBRARY = Library(
    address=f"s3://artifacts/ci/library/{'0' * 64}/multi_env_lambda-1.0-py3-none-any.whl", sha256="0" * 64
)
GITHUB = GitHub(repository="acme/units", owner_id=123456, repository_id=456789)
CONFIG = attrs.evolve(sample_config(), roles=Roles(prefix="acme"), github=GITHUB)


def written(config: WorkspaceConfig = CONFIG, *, own_decisions: bool = False) -> str:
    return workflow(config, LIBRARY, own_decisions=own_decisions)


def jobs(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml_in(text)["jobs"]
    return found


def scripts(text: str) -> dict[str, list[str]]:
    return {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs(text).items()}


def test_the_file_is_this_one() -> None:
    assert written() == (Path(__file__).parent / "github_workflow.yml").read_text("ascii")


def test_it_is_started_by_everything_that_something_can_follow_from() -> None:
    on = yaml.safe_load(written())[True]  # YAML 1.1 reads `on` as a truth

    assert set(on) == {"push", "delete", "pull_request", "schedule", "workflow_dispatch"}
    assert set(on["workflow_dispatch"]["inputs"]) == {"branch", "tag", "pull_request"}


def test_each_job_has_the_permissions_that_it_needs_and_the_workflow_none() -> None:
    speaks = {"pull-requests": "write", "statuses": "write"}
    needed = {"actions": "read", "contents": "read", "id-token": "write", **speaks}
    assert yaml.safe_load(written())["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs(written()).items()} == {
        "ask": {"actions": "write"},
        "look": needed,
        "plan": needed,
    }


def test_what_runs_somebody_elses_file_checks_nothing_out_and_has_no_credentials_of_aws() -> None:
    ask = jobs(written())["ask"]

    assert [step for step in ask["steps"] if "uses" in step] == []
    assert "id-token" not in ask["permissions"]
    assert "github.event.pull_request.head.repo.id == github.event.repository.id" in ask["if"]
    for name in ("look", "plan"):
        assert "github.ref == 'refs/heads/main'" in jobs(written())[name]["if"]
    assert "pull_request_target" not in written()


def test_no_script_has_an_expression_in_it_and_none_depends_on_the_table() -> None:
    assert scripts(written()) == {"ask": [ASK], "look": [INSTALL, RUN], "plan": [INSTALL, RUN]}
    assert not any("${{" in script for script in (ASK, INSTALL, RUN))


def test_others_actions_are_two_and_pinned_by_commit_with_the_version_beside_it() -> None:
    used = re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)\n", written())

    assert len(used) == written().count(" uses:") == 4
    assert {name: (commit, version) for name, commit, version in used} == ACTIONS
    assert set(ACTIONS) == {"actions/checkout", "aws-actions/configure-aws-credentials"}


def test_a_run_that_waits_is_thrown_away_by_no_other() -> None:
    for name in ("look", "plan"):
        assert jobs(written())[name]["concurrency"]["queue"] == "max"
        assert "cancel-in-progress" not in jobs(written())[name]["concurrency"]


def test_what_is_planned_has_tokens_unlike_those_of_what_deploys() -> None:
    assert "environment" not in jobs(written())["look"]
    assert jobs(written())["plan"]["environment"] == {"name": PLAN_ENVIRONMENT, "deployment": False}


def test_other_branches_are_asked_for_only_where_something_may_follow_from_them() -> None:
    some = attrs.evolve(CONFIG, ci=CiRules(branches=("feature/*",)))

    assert "github.ref_type == 'tag'" in jobs(written())["ask"]["if"]
    for text in (written(some), written(own_decisions=True)):
        assert "github.ref != 'refs/heads/main'" in jobs(text)["ask"]["if"]


def test_without_a_repository_there_is_nothing_to_write() -> None:
    with pytest.raises(ConfigurationError, match="has no `github`"):
        written(attrs.evolve(CONFIG, github=None))


@pytest.mark.slow
def test_a_linter_of_workflows_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / WORKFLOW
    path.parent.mkdir(parents=True)
    path.write_text(written(EVERYTHING, own_decisions=True), "utf-8")
    (path.parent / "telling.yml").write_text(telling(COPYING, LIBRARY), "utf-8")
    zizmor = Path(sys.executable).parent / "zizmor"
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--min-severity", "low", "--format", "plain", path.parent],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    path.write_text(written().replace("$NUMBER", "${{ github.event.pull_request.title }}"), "utf-8")
    bad = subprocess.run([zizmor, "--offline", "--no-progress", path], capture_output=True, text=True, check=False)
    assert "template-injection" in bad.stdout


@pytest.mark.slow
def test_it_is_a_workflow_by_githubs_schema(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    path = tmp_path / "workflow.yml"

    def code(text: str) -> int:
        path.write_text(text, "utf-8")
        words = [program, "--builtin-schema", "vendor.github-workflows", path]
        return subprocess.run(words, capture_output=True, check=False).returncode

    assert code(written(EVERYTHING, own_decisions=True)) == 0
    assert code(telling(COPYING, LIBRARY)) == 0
    assert code(written().replace("queue: max", "queue: most")) == 1


# --- changes of strangers ---
COPYING = attrs.evolve(CONFIG, ci=CiRules(strangers="copy"))


def _everything() -> WorkspaceConfig:
    """With reviewers, and with two stages of two regions, too."""
    places = []
    for place in COPYING.environments:
        stage = "" if place.name in ("sandbox", "test") else f"{place.name}-stage"
        places.append(attrs.evolve(place, stage=stage, approval=place.name == "prod"))
        if stage:
            places.append(attrs.evolve(places[-1], name=f"{place.name}-eu", region="eu-central-1"))
    github = attrs.evolve(GITHUB, reviewed=("prod", "prod-eu"))
    return attrs.evolve(COPYING, environments=tuple(places), github=github)


EVERYTHING = _everything()


def test_only_where_the_table_says_so_are_there_jobs_for_strangers() -> None:
    assert set(jobs(written())) == {"ask", "look", "plan"}
    assert set(jobs(written(COPYING))) == {"ask", "look", "plan", "copy", "stranger"}
    assert {name: job for name, job in jobs(written(COPYING)).items() if name in jobs(written())} == jobs(written())


def test_a_strangers_job_has_a_token_that_reads_and_nothing_else() -> None:
    stranger, tell = jobs(written(COPYING))["stranger"], jobs(telling(COPYING, LIBRARY))["tell"]

    assert stranger["permissions"] == {"contents": "read"}
    assert tell["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert "environment" not in stranger and "environment" not in tell
    assert [step["uses"].partition("@")[0] for step in stranger["steps"] if "uses" in step] == ["actions/checkout"]
    assert [step for step in tell["steps"] if "uses" in step] == []
    assert stranger["steps"][0]["with"]["persist-credentials"] is False
    assert "env" not in stranger["steps"][2], "what runs the change's code has not even that token"
    assert "secrets." not in written(COPYING) + telling(COPYING, LIBRARY)
    for text in (written(COPYING), telling(COPYING, LIBRARY)):
        assert "pull_request_target" not in text and "actions/cache" not in text


def test_what_may_write_to_the_repository_runs_no_code_of_units_and_may_only_read_at_aws() -> None:
    copy = jobs(written(COPYING))["copy"]

    assert copy["permissions"] == {"contents": "write", "id-token": "write"}
    assert copy["environment"] == {"name": PLAN_ENVIRONMENT, "deployment": False}
    assert copy["steps"][1]["with"]["role-to-assume"].endswith(":role/acme-plan")
    assert scripts(written(COPYING))["copy"] == [INSTALL, COPY]
    assert [word for word in ("ci run", "deploy", "plan") if f"multi_env_lambda {word}" in COPY] == []


def test_the_scripts_for_strangers_are_constants_too() -> None:
    assert scripts(written(COPYING))["stranger"] == [LIBRARY_OF_COPY, PREVIEW]
    assert scripts(telling(COPYING, LIBRARY)) == {"tell": [LIBRARY_OF_COPY, TELL]}
    assert not any("${{" in script for script in (COPY, LIBRARY_OF_COPY, PREVIEW, TELL))


# --- edits of others ---
def test_what_stands_above_and_below_the_marked_part_stays() -> None:
    own = f"# our own words\n{written()}  lint:\n    runs-on: ubuntu-24.04\n    steps: []\n"
    other = written(attrs.evolve(CONFIG, ci=CiRules(branch="trunk")))
    found = merged_file(own, other)

    assert found == own.replace(written(), other)
    assert merged_file(found, other) == found
    assert set(jobs(found)) == {"ask", "look", "plan", "lint"}


@pytest.mark.parametrize(
    "there",
    ["", "on: push\n", written() * 2, written().partition("\njobs:")[0], "\n".join(reversed(written().splitlines()))],
)
def test_a_file_that_is_not_ours_is_not_touched(there: str) -> None:
    with pytest.raises(ConfigurationError, match="found [0-9] lines"):
        merged_file(there, written())


# --- hostile tables ---
HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "${{ secrets.X }}",
            "a'||'b",
            "x\n  y: z",
            "$(id)",
            '"; id; "',
            "`id`",
            "a/b\n# begin multi-env-lambda",
            "a/b'",
            "é/b",
        ]
    ),
    st.from_regex(r"[a-zA-Z0-9._/+@#=-]{1,30}", fullmatch=True),
)


def table(**said: Any) -> dict[str, Any]:
    github = {"owner_id": 1, "repository_id": 2, "repository": said.get("repository", "acme/units")}
    return {
        "tool": {
            "multi_env_lambda": {
                "devops": {
                    "account_id": said.get("account_id", "1" * 12),
                    "region": said.get("region", "us-east-1"),
                    "bucket": said.get("bucket", "artifacts"),
                },
                "environments": [{"name": "sandbox", "account_id": "2" * 12}],
                "roles": {"prefix": said.get("prefix", "acme")},
                "ci": {"branch": said.get("branch", "main"), "github": github},
            }
        }
    }


@given(key=st.sampled_from(["repository", "account_id", "region", "bucket", "prefix", "branch"]), text=HOSTILE)
def test_no_text_of_a_table_becomes_anything_but_a_value(key: str, text: str) -> None:
    """Either the table is refused, or the file differs in values alone: of ``env``, ``with`` and ``if``."""
    try:
        config = read_workspace(table(**{key: text}), where="pyproject.toml")
    except ConfigurationError:
        return
    usual = read_workspace(table(), where="pyproject.toml")
    for kind in (as_it_is, with_strangers, telling_of, with_everything):
        found, expected = kind(config), kind(usual)
        assert scripts(found) == scripts(kind(CONFIG))
        assert shape(yaml_in(found)) == shape(yaml_in(expected))
        assert found.count("${{") == expected.count("${{")
        assert merged_file(found, found) == found


def as_it_is(config: WorkspaceConfig) -> str:
    return workflow(config, LIBRARY, own_decisions=True)


def with_strangers(config: WorkspaceConfig) -> str:
    return as_it_is(attrs.evolve(config, ci=attrs.evolve(config.ci, strangers="copy")))


def with_everything(config: WorkspaceConfig) -> str:
    assert config.github is not None
    github = attrs.evolve(config.github, reviewed=("prod", "prod-eu"))
    return as_it_is(attrs.evolve(config, environments=EVERYTHING.environments, github=github))


def telling_of(config: WorkspaceConfig) -> str:
    return telling(config, LIBRARY)


def shape(value: Any) -> Any:
    """The keys, and how many entries each list has; of texts nothing."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__
