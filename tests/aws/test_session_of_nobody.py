from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.local.seed import RootKey, root_client


def test_the_local_cloud_is_filled_whatever_the_users_files_and_variables_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no section")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere")
    monkeypatch.setenv("AWS_RETRY_MODE", "no-mode")

    client = root_client(RootKey(endpoint="http://127.0.0.1:1", secret="s"), "111111111111", "eu-west-1", "iam")

    assert (client.meta.region_name, client.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:1")
