"""Spans are kept for whoever listens, from all threads, and for nobody else."""

from __future__ import annotations

import threading

import pytest

from multi_env_lambda.host.process import run
from multi_env_lambda.host.timing import listening, timed
from multi_env_lambda.model.timing import Span


def test_each_listener_gets_what_ends_while_it_listens() -> None:
    outer: list[Span] = []
    inner: list[Span] = []
    with timed("step", "nobody listens"):
        pass
    with listening(outer):
        with listening(inner), timed("step", "both"):
            pass
        with timed("step", "outer"):
            pass
    assert [span.what for span in outer] == ["both", "outer"]
    assert [span.what for span in inner] == ["both"]


def test_a_block_that_raises_and_one_in_another_thread_are_kept() -> None:
    spans: list[Span] = []
    with listening(spans):
        with pytest.raises(KeyError), timed("unit", "orders in sandbox"):
            raise KeyError

        @timed("call", "s3 GetObject")
        def call() -> None:
            pass

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert [(span.kind, span.what) for span in spans] == [("unit", "orders in sandbox"), ("call", "s3 GetObject")]
    assert len({span.thread for span in spans}) == 2


def test_a_program_is_named_without_its_arguments() -> None:
    spans: list[Span] = []
    with listening(spans):
        for words in (["true", "/home/grace/secret"], ["env", "true", "token"]):
            run(words, where="a test", hint="none")
    assert [(span.kind, span.what) for span in spans] == [("program", "true"), ("program", "env true")]
