"""The receiver of webhooks: what is forged, doubled or killed, and what its role may do."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_CHECK, _RECEIVE = "ci/test_webhook.py", "ci/test_receive.py"
_STACK, _SENDER = "plan/test_ci_stack.py", "plan/test_github_sender.py"

MUTATIONS = (
    Mutation(
        "ci/webhook.py",
        "found = hmac.compare_digest(right, signature) or found",
        "found = right[:8] == signature[:8] or found",
        "The whole signature is compared.",
        (f"{_CHECK}::test_a_signature_that_only_begins_right_is_wrong",),
    ),
    Mutation(
        "ci/webhook.py",
        "return base64.b64decode(body, validate=True) if",
        "return base64.b64decode(body) if",
        "What is no base64 is not read as some.",
        (f"{_CHECK}::test_another_method_path_or_body_is_refused",),
    ),
    Mutation(
        "ci/webhook.py",
        'signed = b".".join((name.encode(), sent.encode(), body))',
        'signed = b".".join((name.encode(), body))',
        "GitLab signs the time as well.",
        (f"{_CHECK}::test_gitlab_signs_the_delivery_and_its_time_as_well",),
    ),
    Mutation(
        "ci/webhook.py",
        "abs(now - request.sent) <= _FIVE_MINUTES",
        "now - request.sent <= _FIVE_MINUTES",
        "A signature of the future is none.",
        (f"{_CHECK}::test_gitlab_signs_the_delivery_and_its_time_as_well",),
    ),
    Mutation(
        "ci/webhook.py",
        '    if "content-encoding" in headers:\n',
        '    if "content-encoding" in given:\n',
        "No encoded body is taken for the bytes that were signed.",
        (f"{_CHECK}::test_a_header_that_is_missing_double_or_of_another_form_is_refused",),
    ),
    Mutation(
        "operations/receive.py",
        "    receiver.send(delivery)\n    marks.replace(key, _SENT, etag=mark.etag)\n",
        "    marks.replace(key, _SENT, etag=mark.etag)\n    receiver.send(delivery)\n",
        "A delivery counts as sent once it is.",
        (f"{_RECEIVE}::test_killed_at_any_call_a_delivery_that_comes_again_is_sent",),
    ),
    Mutation(
        "operations/receive.py",
        '\\n{request.id}\\n".encode() + request.body)',
        '\\n{request.id}\\n".encode())',
        "Another body under a known id is another delivery.",
        (f"{_RECEIVE}::test_another_body_under_an_id_that_was_seen_before_is_another_delivery",),
    ),
    Mutation(
        "operations/receive.py",
        "    mark = marks.put_new(key, _TAKEN)\n",
        "    mark = marks.put_new(key, _SENT)\n",
        "A delivery that was sent is not sent again.",
        (f"{_RECEIVE}::test_killed_at_any_call_a_delivery_that_comes_again_is_sent",),
    ),
    Mutation(
        "plan/access_of_events.py",
        '"Null": dict.fromkeys(allowed, "false")}',
        '"Null": {}}',
        "An event that names no source is not the receiver's to put.",
        (f"{_STACK}::test_the_receiver_knows_where_the_secret_is_and_may_read_that_alone",),
    ),
    Mutation(
        "model/github.py",
        'SENT = ("delete", "pull_request", "push", "workflow_dispatch")',
        'SENT = ("delete", "pull_request", "pull_request_review", "push", "workflow_dispatch")',
        "A job that sends agrees to no stranger's change.",
        (f"{_SENDER}::test_a_job_that_sends_agrees_to_no_strangers_change",),
    ),
    Mutation(
        "plan/access.py",
        'if config.github is not None and config.github.jobs == "run" else None',
        "if config.github is not None else None",
        "Where jobs only send, no role of a build lets GitHub in.",
        (f"{_SENDER}::test_its_role_puts_these_kinds_of_github_alone_and_builds_no_longer_let_github_in",),
    ),
    Mutation(
        "plan/github_sender.py",
        '  test "$number" = "$NUMBER"\n',
        "",
        "What is no number is asked for by no other.",
        (f"{_SENDER}::test_a_number_that_is_none_sends_nothing",),
    ),
)
