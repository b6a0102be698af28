#!/usr/bin/env python
"""Lock the dependencies with hashes: ``python bin/automation/lock.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("lock", __file__))
