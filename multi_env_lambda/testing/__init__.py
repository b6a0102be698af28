"""Shipped for users' own tests: a fake world with faults, and a proxy that loses answers."""
