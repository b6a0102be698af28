#!/usr/bin/env python
"""Show what a function has written: ``python bin/automation/logs.py orders create sandbox``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("logs", __file__))
