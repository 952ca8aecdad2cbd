"""Examines an installation: what is missing, and how to mend it."""
