"""Operations of the Logs API that take more than one call: accepted fields, all parts, cleaning."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from municipal_indicators.errors import MetricaQuotaError, MetricaRequestError
from municipal_indicators.sources.metrica.api_errors import RejectedRequestError
from municipal_indicators.sources.metrica.api_models import Evaluation, LogQuery, LogRequest
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.days import Days
from municipal_indicators.sources.metrica.fields import FieldList

log = logging.getLogger(__name__)


def accepted_fields(
    client: MetricaClient, query: LogQuery, fields: FieldList
) -> tuple[FieldList, Evaluation]:
    """The fields without optional ones that the API rejects for this counter, and the query's evaluation.

    A rejected field that has an older name is asked for by that first. Raises MetricaRequestError when
    a required field is rejected, or for any other rejection.
    """
    while True:
        try:
            return fields, client.evaluate(query.model_copy(update={"fields": fields.names}))
        except RejectedRequestError as error:
            rejected = fields.refused_in(error.api_message)
            if rejected and rejected.former:
                fields = fields.with_former(rejected)
                continue
            if rejected is None or rejected.required:
                raise
            log.warning(
                "The API rejects the field %s for counter %d: left out (%s). Without it: %s.",
                rejected.name,
                query.counter_id,
                rejected.purpose,
                ", ".join(rejected.marts) or "no mart",
            )
            fields = fields.without([rejected.name])


def storage_full_error(
    listed: Iterable[LogRequest], query: LogQuery, possible_days: int
) -> MetricaQuotaError:
    """The error for too little storage: who uses it, and the way out.

    ``listed`` are the counter's requests; ``possible_days`` is the API's number and may be negative.
    """
    processed = [request for request in listed if request.is_processed]
    gigabytes = sum(request.size or 0 for request in processed) / 1e9
    numbers = ", ".join(str(request.request_id) for request in processed) or "нет"
    return MetricaQuotaError(
        f"{query}: в хранилище Метрики (10 ГБ на счётчик) есть место для дней: {possible_days} из "
        f"{len(Days(query.date1, query.date2))}; готовые выгрузки ({len(processed)}) занимают "
        f"{gigabytes:.2f} ГБ: {numbers}. Попросите их владельцев удалить ненужные и запустите DAG снова; что "
        "есть что, показывает ops.metrica_storage."
    )


def download_parts(
    client: MetricaClient, request: LogRequest, folder: Path
) -> Iterator[tuple[int, Path]]:
    """Download the parts of a processed request one by one, in the order of their numbers.

    A file is deleted when the next but one is requested: a year of a large site has gigabytes.
    """
    downloaded: list[Path] = []
    parts = sorted(request.parts, key=lambda part: part.part_number)
    for position, part in enumerate(parts, start=1):
        for used in downloaded[:-1]:
            used.unlink(missing_ok=True)
        target = folder / f"{request.request_id}.{part.part_number}.tsv"
        client.download(request, part, target)
        log.info("Part %d of %d: %.1f MB downloaded.", position, len(parts), part.size / 1e6)
        downloaded.append(target)
        yield part.part_number, target


def clean(client: MetricaClient, request: LogRequest) -> None:
    """Free the storage of a request, or cancel its preparation; one that is gone is only logged."""
    try:
        try:
            client.clean(request)
        except MetricaRequestError:
            # If it was prepared meanwhile, it has to be cleaned instead of cancelled.
            request = client.log_request(request.counter_id, request.request_id)
            if request.is_ended:
                raise
            client.clean(request)
        log.info("Request %d of counter %d is cleaned.", request.request_id, request.counter_id)
    except MetricaRequestError as error:
        log.info("Request %d was gone before it could be cleaned: %s", request.request_id, error)
