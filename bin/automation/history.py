#!/usr/bin/env python
"""Show who put what where, and when: ``python bin/automation/history.py orders``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("history", __file__))
