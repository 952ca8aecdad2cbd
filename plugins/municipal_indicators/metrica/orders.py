"""The life of one log request: found in the list or ordered, downloaded, cleaned."""

from __future__ import annotations

import logging
from pathlib import Path

from municipal_indicators.errors import MetricaRequestError
from municipal_indicators.metrica.client import BrokenError, LogOrder, LogRequest, MetricaClient
from municipal_indicators.metrica.plan import storage_full

log = logging.getLogger(__name__)


def find_or_order(client: MetricaClient, order: LogOrder) -> LogRequest:
    """The request for an order: one that an interrupted run left, else a new one.

    Creating is not idempotent, so that each attempt looks into the list first. Raises
    MetricaQuotaError when the storage left does not hold the days.
    """
    request: LogRequest = client.persist(lambda: find(client, order) or _create(client, order))
    return request


def find(client: MetricaClient, order: LogOrder) -> LogRequest | None:
    """A request of the list that equals the order and has not ended; a prepared one first."""
    equal = [
        one
        for one in client.log_requests(order.counter_id)
        if not one.is_ended and _equals(one, order)
    ]
    found = max(equal, key=lambda one: (one.is_processed, one.request_id), default=None)
    if found:
        log.info("%s: taking over request %d, %s.", order, found.request_id, found.status)
    return found


def release(client: MetricaClient, order: LogOrder) -> None:
    """Clean or cancel what an order that is given up for good holds at the API."""
    while request := find(client, order):
        clean(client, request)


def clean(client: MetricaClient, request: LogRequest) -> None:
    """Free the storage of a request; a failure is only told, since the data are safe by then."""
    try:
        client.clean(request)
        log.info("Request %d of counter %d is cleaned.", request.request_id, request.counter_id)
    except MetricaRequestError as error:
        log.info("Request %d was gone before it could be cleaned: %s", request.request_id, error)


def download_parts(
    client: MetricaClient, request: LogRequest, folder: Path
) -> list[tuple[int, Path]]:
    """All parts of a processed request as files, by ascending part number."""
    landed = []
    parts = sorted(request.parts, key=lambda part: part.part_number)
    for place, part in enumerate(parts, start=1):
        target = folder / f"{request.request_id}.{part.part_number}.tsv"
        client.download(request, part, target)
        log.info("Part %d of %d: %.1f MB downloaded.", place, len(parts), part.size / 1e6)
        landed.append((part.part_number, target))
    return landed


def _create(client: MetricaClient, order: LogOrder) -> LogRequest:
    evaluation = client.evaluate(order)
    if not evaluation.possible:
        raise storage_full(client, order, evaluation.max_possible_day_quantity)
    created = client.create(order)
    if created is None:
        raise BrokenError(
            f"{order}: an equal request is in progress, but the list does not show it yet."
        )
    log.info("%s: ordered as request %d.", order, created.request_id)
    return created


def _equals(request: LogRequest, order: LogOrder) -> bool:
    return (
        (request.source, request.date1, request.date2) == (order.source, order.date1, order.date2)
        and request.fields == frozenset(order.fields)
        and request.attribution.upper() in ("", order.attribution)
    )
