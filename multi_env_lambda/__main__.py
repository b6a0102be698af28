"""``python -m multi_env_lambda <verb>``."""

from __future__ import annotations

from multi_env_lambda.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
