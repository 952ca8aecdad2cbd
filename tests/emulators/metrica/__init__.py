"""A stateful stand-in for the Yandex.Metrica API: Logs, Management and a part of Reporting.

It behaves as docs/metrica-api.md says. Nothing here imports from plugins/.
"""

from tests.emulators.metrica.faults import Cut, Drop, Faults, Hold, Reply
from tests.emulators.metrica.gate import Call
from tests.emulators.metrica.hits import Hit, visit_hits
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter, LogRequest
from tests.emulators.metrica.visits import Traffic, Visit, day_visits, iter_visits, traffic

__all__ = [
    "Call",
    "Counter",
    "Cut",
    "Drop",
    "Faults",
    "Hit",
    "Hold",
    "LogRequest",
    "MetricaEmulator",
    "Reply",
    "Settings",
    "Traffic",
    "Visit",
    "day_visits",
    "iter_visits",
    "traffic",
    "visit_hits",
]
