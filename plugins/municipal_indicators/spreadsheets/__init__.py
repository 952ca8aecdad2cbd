"""Reads any tabular file that a person would understand and stages its rows as text; no business words."""
