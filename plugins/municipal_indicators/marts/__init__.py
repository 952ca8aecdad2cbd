"""Builds what BI reads and checks it; the definitions are SQL."""
