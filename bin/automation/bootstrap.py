#!/usr/bin/env python
"""Make the artifact bucket, once: ``python bin/automation/bootstrap.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("bootstrap", __file__))
