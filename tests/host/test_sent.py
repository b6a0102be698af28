"""Where bytes lie is known by bucket and SHA-256, and forgotten only by whoever knows the same."""

from __future__ import annotations

from multi_env_lambda.host.sent import Sent


def test_the_first_key_stays_and_each_bucket_has_its_own() -> None:
    sent = Sent()
    sent.note("here", "a", "one")
    sent.note("here", "a", "two")

    assert (sent.where("here", "a"), sent.where("there", "a"), sent.where("here", "b")) == ("one", "", "")


def test_what_was_noted_meanwhile_is_not_forgotten() -> None:
    sent = Sent()
    sent.note("here", "a", "one")
    sent.forget("here", "a", "another")
    assert sent.where("here", "a") == "one"
    sent.forget("here", "a", "one")
    assert sent.where("here", "a") == ""


def test_a_turn_is_for_the_same_bytes_in_the_same_bucket() -> None:
    sent = Sent()
    with sent.turn("here", "a"):
        assert sent.turn("here", "a").locked()
        assert not sent.turn("there", "a").locked() and not sent.turn("here", "b").locked()
