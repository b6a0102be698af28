"""A mistake that nobody has foreseen is told with its traceback, and without what stood in this process's variables."""

from __future__ import annotations

import pytest

from multi_env_lambda.host.unexpected import as_ours


def test_neither_its_text_nor_its_traceback_has_a_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "canarywithoutaform")
    key = "AKIA" + "Z7QWERTYUIOPLKJH"
    try:
        try:
            raise KeyError(f"GITHUB_TOKEN=canarywithoutaform {key}")
        except KeyError as error:
            raise LookupError("PATH=/bin\0GITHUB_TOKEN=canarywithoutaform") from error
    except LookupError as raised:
        told = as_ours("projects/u", raised)

    text = f"{told}{caplog.text}"
    assert "canarywithoutaform" not in text and key not in text
    assert "test_unexpected.py" in caplog.text and "unexpected LookupError: PATH=/bin" in str(told)
