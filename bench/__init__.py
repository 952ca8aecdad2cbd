"""Measures what loading costs; see docs/performance.md."""
