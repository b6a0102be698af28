"""The workflow for GitHub Actions: the table in, the text of a file out.

Only jobs of this file as the protected branch has it get credentials of AWS. A push elsewhere and a pull request run
the file of their own commit, written by anybody who could push it; so that job may do nothing but ask for a run of the
protected branch's file. A fork's change may not even do that: GitHub lets its jobs read only.

No script has an expression of GitHub in it, and none depends on the table: what differs is in ``env``.

Source: https://docs.github.com/en/actions/concepts/security/github_token (what a job's token does starts no run but by
``workflow_dispatch``), https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax (permissions,
``queue``), https://github.blog/changelog/2026-05-07-github-actions-concurrency-groups-now-allow-larger-queues/ and
https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/control-deployments (``deployment``)
"""

from __future__ import annotations

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.github import CELLS_LEFT, PLAN_ENVIRONMENT, WORKFLOW, GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan import github_strangers as strangers
from multi_env_lambda.plan.github_cells import cells, going_on
from multi_env_lambda.plan.github_reviews import reviews
from multi_env_lambda.plan.github_sender import SEND, SENDER
from multi_env_lambda.plan.github_steps import (
    GIT,
    MINUTES,
    PROGRAM,
    RUNNER,
    Library,
    becoming,
    indented,
    literal,
    outputs,
    pinned,
    quoted,
    rights,
    steps,
)

__all__ = [
    "ASK",
    "BEGIN",
    "END",
    "RUN",
    "RUN_LEAVING",
    "merged_file",
    "plans_strangers",
    "telling",
    "workflow",
]

BEGIN = "# begin multi-env-lambda: `ci write github` writes what is between this line and the last one of its kind"
END = "# end multi-env-lambda: what comes below, such as jobs of your own, stays as it is"

ASK = """\
case "$GITHUB_EVENT_NAME $GITHUB_REF" in
  "pull_request "*) wish="pull_request=$NUMBER" ;;
  "push refs/tags/"*) wish="tag=${GITHUB_REF#refs/tags/}" ;;
  "push refs/heads/"*) wish="branch=${GITHUB_REF#refs/heads/}" ;;
  *) echo "nothing to ask for" >&2; exit 1 ;;
esac
gh workflow run "$WORKFLOW" --ref "$BRANCH" --raw-field "$wish"
"""

RUN = f"""\
{GIT}{PROGRAM} ci run --event "$GITHUB_EVENT_PATH"
"""
RUN_LEAVING = f"""\
{GIT}{PROGRAM} ci run --event "$GITHUB_EVENT_PATH" --leave-cells
"""

_HEAD = """\
{begin}
name: multi-env-lambda

on:
  push:
    branches: ["**"]
    tags: ["**"]
  delete:
  pull_request:
    types: [opened, reopened, synchronize, edited]
{schedule}  workflow_dispatch:
    inputs:
      branch:
        description: Look at this branch; with nothing here and below, at everything
        type: string
      tag:
        description: Look at this tag
        type: string
      pull_request:
        description: Plan the pull request of this number
        type: string

permissions: {{}}

jobs:
  # This runs the file of anyone who may push, so it may only ask for the jobs below, from their file on {branch_plain}.
  ask:
    if: >-
      github.repository == {repository} &&
      ((github.event_name == 'push' && !github.event.deleted && {asks}) ||
      (github.event_name == 'pull_request' &&
      github.event.pull_request.head.repo.id == github.event.repository.id &&
      github.event.pull_request.user.login != 'dependabot[bot]'))
    runs-on: {runner}
    timeout-minutes: 5
    permissions:
      actions: write # to ask for a run; nothing is checked out
    steps:
      - name: Ask for a look
        shell: bash
        env:
          BRANCH: {branch}
          GH_REPO: ${{{{ github.repository }}}}
          GH_TOKEN: ${{{{ github.token }}}}
          NUMBER: ${{{{ github.event.number }}}}
          WORKFLOW: {workflow}
        run: |
{ask}

"""

_BUILDING = """\
  # Brings what is merged as far as it may go; after each event it looks at what the branch says now.
  look:
    if: >-
      github.repository == {repository} && github.ref == {ref} &&
      (github.event_name == 'push' || github.event_name == 'schedule' ||
      (github.event_name == 'delete' && github.event.ref_type == 'branch') ||
      (github.event_name == 'workflow_dispatch' && inputs.pull_request == ''))
    runs-on: {runner}
    timeout-minutes: {minutes}
    permissions:
{rights}
    concurrency:
      group: multi-env-lambda
      queue: max # by default, a run that waits is thrown away by the next{outputs}
    steps:
{steps_look}
{more}
  # Plans a member's pull request by a role that may only read; its environment makes its tokens unlike those above.
  plan:
    if: >-
      github.repository == {repository} && github.ref == {ref} &&
      github.event_name == 'workflow_dispatch' && inputs.pull_request != ''
    runs-on: {runner}
    timeout-minutes: {minutes}
    environment:
      name: {environment}
      deployment: false
    permissions:
      actions: read # whether another run has ended
      contents: read # the repository
      id-token: write # to become {plan_name}
      pull-requests: write # whose it is, which commit a maintainer has agreed to, and the comment with the plan
      statuses: write # whether that would succeed
    concurrency:
      group: multi-env-lambda-plan-${{{{ inputs.pull_request }}}}
      queue: max
    steps:
{steps_plan}{strangers}"""

_SCHEDULE = """\
  schedule:
    - cron: "23 * * * *"
"""


def workflow(config: WorkspaceConfig, library: Library, *, own_decisions: bool) -> str:
    """The marked part of the file.

    Args:
        own_decisions: the repository has a ``ci.py``, which may want to know of any branch.

    Raises:
        ConfigurationError: the table has no repository at GitHub.
    """
    github, roles = config.github, config.roles
    if github is None or roles is None:
        hint = 'for example `github = { repository = "acme/units", owner_id = 123456, repository_id = 456789 }`'
        raise ConfigurationError("pyproject.toml", "[tool.multi_env_lambda.ci] has no `github`", hint=hint)
    branch, sends = config.ci.branch, github.jobs == "send"
    elsewhere = own_decisions or bool(config.ci.branches)
    head = _HEAD.format(
        begin=BEGIN,
        schedule="" if sends else _SCHEDULE,
        runner=RUNNER,
        repository=literal(github.repository),
        asks=f"github.ref != {literal(f'refs/heads/{branch}')}" if elsewhere else "github.ref_type == 'tag'",
        branch=quoted(branch),
        branch_plain=branch,
        workflow=quoted(WORKFLOW.rpartition("/")[2]),
        ask=indented(ASK),
    )
    jobs = _sending(config, github, roles) if sends else _building(config, github, roles, library)
    return f"{head}{jobs}\n{END}\n"


def _building(config: WorkspaceConfig, github: GitHub, roles: Roles, library: Library) -> str:
    after = going_on(config)
    leaves = (*github.reviewed, *((CELLS_LEFT,) if after else ()))
    return _BUILDING.format(
        runner=RUNNER,
        minutes=MINUTES,
        repository=literal(github.repository),
        ref=literal(f"refs/heads/{config.ci.branch}"),
        environment=quoted(PLAN_ENVIRONMENT),
        rights=rights(roles.of_devops("build")),
        plan_name=roles.of_devops("plan"),
        outputs=outputs(leaves),
        steps_look=steps(
            config,
            roles.of_devops("build"),
            library,
            does="Look",
            script=RUN_LEAVING if after else RUN,
            leaves=bool(leaves),
        ),
        more=cells(config, github, roles, library) + reviews(config, github, roles, library, after),
        steps_plan=steps(config, roles.of_devops("plan"), library, does="Look", script=RUN),
        strangers=_strangers(config, roles.of_devops("plan"), library) if plans_strangers(config) else "",
    )


def _strangers(config: WorkspaceConfig, role: str, library: Library) -> str:
    """The jobs for changes of strangers."""
    assert config.github is not None, "there is a repository"
    address = {"LIBRARY": quoted(library.address)}
    copying = steps(config, role, library, does="Leave the copy", script=strangers.COPY, env=address)
    return "\n" + strangers.JOBS.rstrip("\n").format(
        **_of_strangers(config, library),
        ref=literal(f"refs/heads/{config.ci.branch}"),
        environment=quoted(PLAN_ENVIRONMENT),
        plan_name=role,
        checkout=pinned("actions/checkout"),
        steps_copy=copying,
        preview=indented(strangers.PREVIEW),
    )


def plans_strangers(config: WorkspaceConfig) -> bool:
    """Whether jobs at GitHub plan changes of strangers: where they only send events, no job there has a copy."""
    return config.ci.strangers == "copy" and config.github is not None and config.github.jobs == "run"


def telling(config: WorkspaceConfig, library: Library) -> str:
    """The marked part of the file that shows what was planned of a stranger's change."""
    return strangers.TELLING_FILE.format(
        **_of_strangers(config, library), begin=BEGIN, end=END, tell=indented(strangers.TELL)
    )


def _of_strangers(config: WorkspaceConfig, library: Library) -> dict[str, str]:
    assert config.github is not None, "there is a repository"
    return {
        "repository": literal(config.github.repository),
        "runner": RUNNER,
        "library": quoted(library.address),
        "sha256": quoted(library.sha256),
        "library_of_copy": indented(strangers.LIBRARY_OF_COPY),
    }


def _sending(config: WorkspaceConfig, github: GitHub, roles: Roles) -> str:
    return SENDER.format(
        runner=RUNNER,
        repository=literal(github.repository),
        ref=literal(f"refs/heads/{config.ci.branch}"),
        branch_plain=config.ci.branch,
        name=roles.sender,
        send=indented(SEND),
        **becoming(config, roles.sender),
    )


def merged_file(there: str | None, part: str, where: str = WORKFLOW) -> str:
    """The whole file with a new marked part; what stands above and below it stays.

    Raises:
        ConfigurationError: there is a file, and not exactly one marked part in it.
    """
    if there is None:
        return part
    lines = there.splitlines(keepends=True)
    first = [number for number, line in enumerate(lines) if line.startswith(_mark(BEGIN))]
    last = [number for number, line in enumerate(lines) if line.startswith(_mark(END))]
    if len(first) != 1 or len(last) != 1 or first[0] > last[0]:
        what = f"found {len(first)} lines that begin with `{_mark(BEGIN)}` and {len(last)} with `{_mark(END)}`"
        hint = "keep one of each, around the generated part; or rename the file and run `ci write` again"
        raise ConfigurationError(where, what, hint=hint)
    return "".join((*lines[: first[0]], part, *lines[last[0] + 1 :]))


def _mark(line: str) -> str:
    return line.partition(":")[0]
