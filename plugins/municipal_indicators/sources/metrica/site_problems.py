"""What a run says of one site that cannot be loaded, so that the others are."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from municipal_indicators.errors import (
    IndicatorsError,
    MetricaAccessError,
    MetricaError,
    MetricaRequestError,
)
from municipal_indicators.reference.passport import Site
from municipal_indicators.sources.metrica.api_models import Counter

log = logging.getLogger(__name__)


def check_zone(counter: Counter) -> None:
    """Raise MetricaError unless this machine knows the time zone of a counter's days."""
    name = counter.time_zone_name
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise MetricaError(
            f"У счётчика {counter.id} часовой пояс {name!r}, которого эта машина не знает: исправьте его в "
            "настройках счётчика или обновите список поясов (pip install -U tzdata), затем запустите DAG "
            "снова."
        ) from None


@contextmanager
def with_way_out(site: Site) -> Iterator[None]:
    """Name what to write into the passport where the API does not show a counter."""
    try:
        yield
    except (MetricaAccessError, MetricaRequestError) as error:
        kind = MetricaAccessError if isinstance(error, MetricaAccessError) else MetricaRequestError
        raise kind(
            f"{error} Если счётчик {site.counter_id} удалён или заменён, впишите в паспорт последний день "
            "наблюдения как `until` его сайта и назовите его в `replaces` следующего: тогда он не "
            "запрашивается, а история остаётся."
        ) from None


def problem_of(site: Site, error: Exception) -> dict[str, Any]:
    """The plan of a site that has none: ``name`` and ``problem``, which is logged too."""
    name = f"{site.counter_id} ({site.name})"
    is_ours = isinstance(error, IndicatorsError)
    # The text of other errors may quote the data.
    text = str(error) if is_ours else f"{type(error).__name__} (смотрите журнал plan_requests)"
    log.error("Site %s cannot be loaded: %s", name, text, exc_info=None if is_ours else error)
    return {"name": name, "problem": f"Сайт {name}: {text}"}
