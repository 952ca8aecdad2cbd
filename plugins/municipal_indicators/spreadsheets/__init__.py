"""Reads tables in files of any usual format and stages their rows as text."""
