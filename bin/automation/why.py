#!/usr/bin/env python
"""Explain why a unit will be deployed or not: ``python bin/automation/why.py orders staging``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("why", __file__))
