"""What an order comes to at the API: its fields, the room for it, its parts, and their cleaning."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from municipal_indicators.errors import MetricaQuotaError, MetricaRequestError
from municipal_indicators.sources.metrica.client import (
    Evaluation,
    LogOrder,
    LogRequest,
    MetricaClient,
)
from municipal_indicators.sources.metrica.fields import FieldList
from municipal_indicators.sources.metrica.plan import Days

log = logging.getLogger(__name__)


def equals(request: LogRequest, order: LogOrder) -> bool:
    """Whether a request brings what an order asks for; the order of the fields does not matter."""
    return (
        (request.counter_id, request.source, request.date1, request.date2)
        == (order.counter_id, order.source, order.date1, order.date2)
        and request.fields == frozenset(order.fields)
        and request.attribution.upper() in ("", order.attribution)
    )


def accepted_fields(
    client: MetricaClient, order: LogOrder, fields: FieldList
) -> tuple[FieldList, Evaluation]:
    """The fields without optional ones that the API refuses for this counter, and the order's evaluation.

    Raises MetricaRequestError when a required one is refused, or for any other refusal.
    """
    while True:
        try:
            return fields, client.evaluate(order.model_copy(update={"fields": fields.names}))
        except MetricaRequestError as error:
            refused = fields.refused_in(str(error))
            if refused is None or refused.required:
                raise
            log.warning(
                "The API refuses the field %s for counter %d: left out (%s).",
                refused.name,
                order.counter_id,
                refused.purpose,
            )
            fields = fields.without([refused.name])


def storage_full(
    listed: Iterable[LogRequest], order: LogOrder, possible_days: int
) -> MetricaQuotaError:
    """The error for too little storage, with who holds it and the way out.

    ``listed`` are the counter's requests; ``possible_days`` is the API's word and may be negative.
    """
    held = [request for request in listed if request.is_processed]
    size = sum(request.size or 0 for request in held) / 1e9
    numbers = ", ".join(str(request.request_id) for request in held) or "none"
    return MetricaQuotaError(
        f"{order}: the storage of the Logs API (10 GB a counter) has room for {possible_days} days of "
        f"{len(Days(order.date1, order.date2))}; {len(held)} prepared requests hold {size:.2f} GB: "
        f"{numbers}. Have their owners clean those no longer needed, then run the DAG again; "
        "ops.metrica_storage shows what each of them is."
    )


def download_parts(
    client: MetricaClient, request: LogRequest, folder: Path
) -> Iterator[tuple[int, Path]]:
    """The parts of a processed request as files, by ascending part number, each when it is asked for.

    A file is deleted when the second after it is asked for: a year of a large site has gigabytes.
    """
    landed: list[Path] = []
    parts = sorted(request.parts, key=lambda part: part.part_number)
    for place, part in enumerate(parts, start=1):
        for used in landed[:-1]:
            used.unlink(missing_ok=True)
        target = folder / f"{request.request_id}.{part.part_number}.tsv"
        client.download(request, part, target)
        log.info("Part %d of %d: %.1f MB downloaded.", place, len(parts), part.size / 1e6)
        landed.append(target)
        yield part.part_number, target


def clean(client: MetricaClient, request: LogRequest) -> None:
    """Free the storage of a request, or cancel its preparation; one that is gone is only told."""
    try:
        try:
            client.clean(request)
        except MetricaRequestError:
            # Prepared meanwhile, it can no longer be cancelled; cancelled or cleaned, it is gone.
            request = client.log_request(request.counter_id, request.request_id)
            if request.is_ended:
                raise
            client.clean(request)
        log.info("Request %d of counter %d is cleaned.", request.request_id, request.counter_id)
    except MetricaRequestError as error:
        log.info("Request %d was gone before it could be cleaned: %s", request.request_id, error)
