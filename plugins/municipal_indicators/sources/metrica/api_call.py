"""One call to the Metrica API: its method, its path and the API that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ApiFamily = Literal["logs", "reporting", "management"]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """An HTTP method and a path without host and query; as a string ``GET /path``."""

    method: str
    path: str

    @property
    def family(self) -> ApiFamily:
        """The API of the path, by which its rate limits are counted."""
        if self.path.startswith("/stat/"):
            return "reporting"
        return "logs" if "/logrequest" in self.path else "management"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
