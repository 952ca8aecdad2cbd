"""Writes the SQL that checks SMEV messages: ``sql/staging/smev_*.sql`` with the words of the reference."""

from __future__ import annotations

import re

from municipal_indicators.sources.smev.rules import load_rules
from municipal_indicators.warehouse.templates import render

# In the order in which they run: all views of the others fill the table of the first.
_TEMPLATES = tuple(
    f"staging/{name}.sql" for name in ("smev_checked", "smev_messages", "smev_journal", "smev_log")
)


def staging_scripts() -> dict[str, str]:
    """The SQL of the staging of SMEV messages, by the name under which it is recorded.

    Raises ConfigurationError when ``reference/smev.yaml`` is wrong.
    """
    rules = load_rules()
    events = rules.reference.log_events
    words = {
        "operations": rules.reference.operations,
        "operation_words": rules.operations,
        "type_words": rules.message_types,
        "journal_words": rules.journal_words,
        "test_sender": rules.test_sender,
        "event_texts": [event.text for event in events],
        "event_patterns": [re.escape(event.text) for event in events],
        "event_operations": [event.operation for event in events],
        "event_types": [event.message_type for event in events],
        "event_faults": [event.fault for event in events],
        "event_acks": [event.ack for event in events],
    }
    return {name: render(name, **words) for name in _TEMPLATES}
