"""Indicators of a municipal programme: sources to warehouse to marts.

Everything here is importable without a running scheduler. One package a source
(``metrica``, ``gosuslugi``, ``smev``, ``registers``), single modules for what they
share (``warehouse``, ``loads``, ``landing``, ``passport``), ``report`` for people.
"""
