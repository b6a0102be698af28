#!/usr/bin/env python
"""Look at who you are, and at what is missing where: ``python bin/automation/doctor.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("doctor", __file__))
