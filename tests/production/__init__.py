"""The production shape as far as it goes without an engine of containers."""
