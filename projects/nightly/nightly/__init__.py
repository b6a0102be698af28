"""Nightly work of the data warehouse."""
