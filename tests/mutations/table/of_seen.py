"""What people see of a run of the CI: what is only text, what is said once, and who may say it."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

_COMMENT, _TELLING, _SEEN = "ci/test_comment.py", "ci/test_telling.py", "runs/test_seen.py"
_VOICE, _GITHUB, _CODECOMMIT = "runs/test_voice.py", "host/test_github.py", "aws/test_pull_requests.py"

MUTATIONS = (
    Mutation(
        "ci/markdown.py",
        '_NOT_AS_IT_IS = frozenset("`|<")',
        '_NOT_AS_IT_IS = frozenset("|<")',
        "A backtick ends no code span of a comment.",
        (f"{_COMMENT}::test_a_code_span_is_one_and_has_its_bound",),
    ),
    Mutation(
        "ci/markdown.py",
        '_NOT_AS_IT_IS = frozenset("`|<")',
        '_NOT_AS_IT_IS = frozenset("`<")',
        "A name makes no cell of a table.",
        (f"{_COMMENT}::test_whatever_anything_is_called_the_comment_fits_and_only_shows",),
    ),
    Mutation(
        "ci/markdown.py",
        "or not sign.isprintable() or",
        "or",
        "What turns the direction of a line is written as an escape.",
        (f"{_COMMENT}::test_whatever_anything_is_called_the_comment_fits_and_only_shows",),
    ),
    Mutation(
        "ci/markdown.py",
        "shown = masked(text)",
        "shown = text",
        "No secret is in a comment.",
        (f"{_COMMENT}::test_a_secret_by_its_form_is_in_no_comment",),
    ),
    Mutation(
        "ci/telling.py",
        "fails = bool(failed) and not again",
        "fails = bool(failed)",
        "The same failure is said once.",
        (f"{_TELLING}::test_a_failure_is_said_once_for_each_commit_and_place_and_so_is_that_it_is_good_again",),
    ),
    Mutation(
        "ci/telling.py",
        "if one[:2] not in before.waits]",
        "]",
        "What waits is said once.",
        (f"{_TELLING}::test_what_waits_is_said_once_for_each_digest",),
    ),
    Mutation(
        "host/github.py",
        'return _body(comment).startswith(marker) and (is_bot or comment.get("author_association") in _OURS)',
        "return _body(comment).startswith(marker)",
        "A stranger's comment with the marker is left alone.",
        (f"{_GITHUB}::test_the_marker_of_a_stranger_is_only_a_text",),
    ),
    Mutation(
        "host/rest.py",
        "urllib.request.build_opener(NoRedirect)",
        "urllib.request.build_opener()",
        "The token follows no redirection.",
        (f"{_GITHUB}::test_the_token_follows_no_redirection_and_is_not_shown",),
    ),
    Mutation(
        "aws/pull_requests.py",
        'ours = comment.get("authorArn") == self._author and not comment.get("deleted")',
        'ours = not comment.get("deleted")',
        "At CodeCommit, too.",
        (f"{_CODECOMMIT}::test_there_is_one_comment_and_it_is_written_only_when_it_differs",),
    ),
    Mutation(
        "runs/look.py",
        'return "" if known == "unknown" else commit',
        "return commit",
        "What a host says of a commit is checked out only if the clone has it.",
        (f"{_VOICE}::test_a_commit_that_the_clone_does_not_have_is_not_checked_out",),
    ),
    Mutation(
        "runs/tell.py",
        "    if message is not None and voice.topic is not None:\n        voice.topic(message.subject, message.text)\n    write_told(store, told)\n",
        "    write_told(store, told)\n    if message is not None and voice.topic is not None:\n        voice.topic(message.subject, message.text)\n",
        "What the topic did not take is said by the next look.",
        (f"{_SEEN}::test_a_topic_that_takes_nothing_is_noted_and_hears_it_with_the_next_look",),
    ),
    Mutation(
        "runs/follow.py",
        'return running == commit or (bool(running) and repository.kin(running, commit) == "newer")',
        "return running == commit",
        "A later push carries an earlier change along.",
        (f"{_SEEN}::test_a_later_push_carries_an_earlier_change_along",),
    ),
    Mutation(
        "operations/newer.py",
        'if past.kin == "newer"}',
        'if past.kin != "ancestor"}',
        "Only a later commit is called newer.",
        ("flow/test_newer.py::test_no_other_commit_is_called_newer",),
    ),
    Mutation(
        "api/elsewhere.py",
        "    there = place_of(record, place)\n",
        "    there = place\n",
        "Logs are read where the unit runs.",
        ("api/test_logs.py::test_logs_and_links_of_an_environment_that_moved_are_those_of_where_it_runs",),
    ),
    Mutation(
        "pipeline.py",
        "    if found.removes:\n",
        "    if False:\n",
        "A request to delete that is applied as a plan names the command that carries it out.",
        ("flow/test_destroy.py::test_a_saved_request_to_delete_is_not_applied_as_a_plan_and_the_command_is_named",),
    ),
)
