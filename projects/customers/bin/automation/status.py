#!/usr/bin/env python
"""Show which version runs where: ``python bin/automation/status.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("status", __file__))
