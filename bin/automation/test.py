#!/usr/bin/env python
"""Run the tests of units as the CI does: ``python bin/automation/test.py orders``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("test", __file__))
