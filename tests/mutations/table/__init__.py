"""All mutations, by rings. ``tests/test_mutations.py`` looks that each of them can still be made."""

from __future__ import annotations

from tests.mutations.mutation import Mutation
from tests.mutations.table import (
    of_agreement,
    of_aws,
    of_broken_parts,
    of_build,
    of_ci,
    of_ci_stack,
    of_codepipeline,
    of_flow,
    of_github,
    of_gitlab,
    of_going_back,
    of_histories,
    of_jobs,
    of_objects,
    of_plan,
    of_repair,
    of_requests,
    of_rights,
    of_runs,
    of_seen,
    of_stacks,
    of_strangers,
    of_the_clock,
    of_the_rest,
    of_traffic,
    of_webhooks,
)

__all__ = ["MUTATIONS"]

MUTATIONS: tuple[Mutation, ...] = (
    *of_aws.MUTATIONS,
    *of_stacks.MUTATIONS,
    *of_plan.MUTATIONS,
    *of_objects.MUTATIONS,
    *of_requests.MUTATIONS,
    *of_rights.MUTATIONS,
    *of_repair.MUTATIONS,
    *of_flow.MUTATIONS,
    *of_github.MUTATIONS,
    *of_gitlab.MUTATIONS,
    *of_going_back.MUTATIONS,
    *of_agreement.MUTATIONS,
    *of_broken_parts.MUTATIONS,
    *of_build.MUTATIONS,
    *of_jobs.MUTATIONS,
    *of_the_clock.MUTATIONS,
    *of_the_rest.MUTATIONS,
    *of_traffic.MUTATIONS,
    *of_strangers.MUTATIONS,
    *of_ci.MUTATIONS,
    *of_ci_stack.MUTATIONS,
    *of_codepipeline.MUTATIONS,
    *of_runs.MUTATIONS,
    *of_seen.MUTATIONS,
    *of_histories.MUTATIONS,
    *of_webhooks.MUTATIONS,
)
