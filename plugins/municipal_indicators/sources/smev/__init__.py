"""SMEV: how its envelopes, journals and text logs become staged text; no counting lives here."""
