#!/usr/bin/env python
"""Use another tool in an account: ``python bin/automation/shell.py sandbox -- aws s3 ls``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("shell", __file__))
