"""Bitbucket, and what is said at GitLab and Bitbucket: whom a role lets in, and whose comment is ours."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_FILE = "plan/test_bitbucket_pipeline.py"
_ROLES = "test_the_role_that_deploys_lets_in_steps_of_one_environment_and_the_one_that_reads_any_of_the_repository"
_API = "host/test_other_hosts_api.py"

MUTATIONS = (
    Mutation(
        "model/bitbucket.py",
        'return f"{{{self.repository_id}}}:{{{self.deployment_id}}}:*"',
        'return f"{{{self.repository_id}}}:*"',
        "A step of Bitbucket outside of the deployment environment opens nothing.",
        (f"{_FILE}::{_ROLES}",),
    ),
    Mutation(
        "plan/access_trust.py",
        "bitbucket.subject if merged else bitbucket.members",
        "bitbucket.members",
        "A step of Bitbucket that runs what is not merged gets the role that may only read.",
        (f"{_FILE}::{_ROLES}",),
    ),
    Mutation(
        "host/gitlab_api.py",
        'author.get("id") == me',
        'author.get("id") is not None',
        "A note of somebody else that has the marker is not changed.",
        (f"{_API}::test_the_marker_of_somebody_else_at_gitlab_is_only_a_text",),
    ),
    Mutation(
        "host/bitbucket_api.py",
        "_NOT_OURS = (403, 404)",
        "_NOT_OURS = (404,)",
        "Somebody else's marker at Bitbucket keeps nobody from speaking.",
        (f"{_API}::test_the_marker_of_somebody_else_at_bitbucket_is_only_a_text",),
    ),
    Mutation(
        "runs/voice.py",
        'return address if urlsplit(address).hostname == "127.0.0.1" else ""',
        "return address",
        "A variable sends the token of a host nowhere else.",
        ("host/test_bitbucket.py::test_the_tokens_go_to_the_public_addresses_whatever_a_variable_says",),
    ),
)
