"""The server process of the local cloud: ministack with our patches.

It runs in a venv of its own that has no multi_env_lambda, so everything here uses the standard library, ministack and
relative imports only.
"""
