#!/usr/bin/env python
"""Call a function through its alias: ``python bin/automation/invoke.py orders create sandbox``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("invoke", __file__))
