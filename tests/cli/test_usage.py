"""What is said of a command line that names too little, or something that there is not."""

from __future__ import annotations

import pytest

from multi_env_lambda.cli.main import main


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("logs", "error: expected UNIT"),
        ("rollback", "error: expected ENVIRONMENT"),
        ("destroy", "error: expected UNIT and ENVIRONMENT"),
        ("freeze staging", "error: missing option --reason: why; everybody who is stopped by it reads it."),
        ("promote prod --plan saved.json", "error: there is no option --plan"),
        ("deploy --reazon now", "error: there is no option --reazon; did you mean --reason?"),
        ("invoke orders create test --event s3 --payload {}", "error: --event cannot be combined with --payload"),
    ],
)
def test_what_is_missing_is_named_as_it_is_typed(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed.split()) == 2
    assert capsys.readouterr().err.splitlines()[0] == said
