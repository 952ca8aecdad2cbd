"""Closes reporting periods: what the marts said is kept for good, with who, when and why."""
