#!/usr/bin/env python
"""Compare a unit in two environments: ``python bin/automation/diff.py orders staging prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("diff", __file__))
