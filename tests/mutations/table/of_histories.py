"""What weeks of random commands notice, whoever else does."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_WEEKS = ("histories/test_in_memory.py::test_what_is_promised_holds_in_a_few_weeks",)

_PEOPLE = ("runs/test_histories.py::test_what_many_people_do_ends_with_what_the_branch_says",)

MUTATIONS = (
    Mutation(
        "runs/look.py",
        "if found is None or not hands.repository.has(heads[protected.config.ci.branch].commit, found.commit)",
        "if found is None",
        "Whoever makes tags brings nothing that nobody has merged, whatever happens beside.",
        _PEOPLE,
    ),
    Mutation(
        "ci/own.py",
        "return tuple(sorted(late | {one.branch",
        "return tuple(sorted({one.branch",
        "The schedule finds the branches that nobody told of, whatever happened before.",
        _PEOPLE,
    ),
    Mutation(
        "flow/gate.py",
        "if question.answer not in self.consent.allowed]",
        'if question.answer not in self.consent.allowed and question.kind != "destructive"]',
        "No data goes without its word, whatever was done before.",
        _WEEKS,
    ),
    Mutation(
        "flow/gate.py",
        "    return same_somebody(principal_of(approval.who), principal_of(caller)) or (",
        "    return False and (",
        "Nothing came to prod by the word of who brought it, whatever was done before.",
        _WEEKS,
    ),
    Mutation(
        "plan/prune.py",
        "        kept |= set(_newest(past, keep))",
        "        kept |= set(_newest(past, 1))",
        "What a rollback would take is there, whatever was pruned.",
        _WEEKS,
    ),
    Mutation(
        "pipeline.py",
        "        failed |= {one.project: one.environment for one in reversed(bad) if one.project not in failed}\n",
        "",
        "What comes to an environment ran in the one before, whatever failed.",
        _WEEKS,
    ),
    Mutation(
        "flow/act.py",
        "        layers, resources = _checked(work, stage, asking, weighted, before)",
        "        layers, resources = (), ()",
        "What is recorded as a success was looked at, whatever was changed by hand.",
        _WEEKS,
    ),
    Mutation(
        "aws/ledger.py",
        "unsure=toward or before)",
        "unsure=before)",
        "Whoever died has left word of what may be there, whatever comes next.",
        _WEEKS,
    ),
)
