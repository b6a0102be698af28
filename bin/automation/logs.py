#!/usr/bin/env python
"""Show what a unit has logged: ``python bin/automation/logs.py orders sandbox``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("logs", __file__))
