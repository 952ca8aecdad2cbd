"""The passport and the lists of ``reference/``, checked when they are read; nothing is loaded here."""
