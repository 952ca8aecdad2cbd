"""A deterministic inbox: the files a district administration would send, and the truth in them.

`write_inbox` writes years of files; `tables`, `envelopes`, `journal` and `textlog` write one.
"""

from tests.emulators.inbox.history import SEED, write_inbox
from tests.emulators.inbox.truth import Truth

__all__ = ["SEED", "Truth", "write_inbox"]
