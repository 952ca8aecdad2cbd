"""Indicators of a municipal programme: sources to warehouse to marts.

Everything here is importable without a running scheduler. ``docs/architecture.md`` describes the
rooms and which may import which.
"""
