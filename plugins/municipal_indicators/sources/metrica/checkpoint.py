"""The state of a site load while its task is deferred."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from municipal_indicators.warehouse.load_ledger import LoadCounts


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a site load continues after a wait; plain values, since Airflow's database stores it.

    ``index`` of the log among the planned ones, which ``attempt`` to request it this is, its
    ``request_id`` (0 while it waits for storage, until ``storage_deadline``, a Unix time) and when
    that was created (ISO 8601). ``counts`` of the logs loaded so far, ``failures`` as messages, and
    ``published``, the indexes of logs that an earlier try of the task has published.
    """

    index: int = 0
    attempt: int = 1
    request_id: int = 0
    requested_at: str = ""
    storage_deadline: float = 0.0
    counts: dict[str, int] = field(default_factory=lambda: asdict(LoadCounts()))
    failures: tuple[str, ...] = ()
    published: tuple[int, ...] = ()

    def next_log(self, counts: LoadCounts | None = None, failure: str | None = None) -> Checkpoint:
        """The checkpoint before the following log."""
        added = asdict(counts or LoadCounts())
        return Checkpoint(
            self.index + 1,
            counts={name: count + added[name] for name, count in self.counts.items()},
            failures=(*self.failures, failure) if failure else tuple(self.failures),
            published=tuple(self.published),
        )

    def with_request(self, request_id: int, requested_at: datetime) -> Checkpoint:
        """The checkpoint of the same log once its request is acquired."""
        return replace(
            self,
            request_id=request_id,
            requested_at=requested_at.isoformat(),
            storage_deadline=0.0,
        )

    def next_attempt(self) -> Checkpoint:
        """The checkpoint of the same log before its next request."""
        return replace(self, attempt=self.attempt + 1, request_id=0, requested_at="")
