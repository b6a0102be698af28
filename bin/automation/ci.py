#!/usr/bin/env python
"""Run a job of the CI, or agree to what waits: ``python bin/automation/ci.py approve prod DIGEST``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("ci", __file__))
