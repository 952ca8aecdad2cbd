"""The table method of the Reporting API, `/stat/v1/data`, counted from the same visits."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from tests.emulators.metrica.errors import ApiError, invalid, missing
from tests.emulators.metrica.visits import Visit, traffic
from tests.emulators.metrica.wire import whole

T = TypeVar("T")
Metric = Callable[[Sequence[Visit]], float]
Dimension = Callable[[Visit, str], dict[str, Any]]
VisitsOf = Callable[[int, date], Iterable[Visit]]

DEFAULT_LIMIT = 100
MAX_LIMIT = 100_000
MAX_METRICS, MAX_DIMENSIONS = 20, 10
ADDED = frozenset({"ym:s:visits", "ym:s:pageviews", "ym:s:users", "ym:s:newUsers"})
# The names depend on `lang`, the ids do not (docs/metrica-api.md#reports).
SOURCE_NAMES = {
    "organic": ("Search engine traffic", "Переходы из поисковых систем"),
    "direct": ("Direct traffic", "Прямые заходы"),
    "referral": ("Link traffic", "Переходы по ссылкам на сайтах"),
    "ad": ("Ad traffic", "Переходы по рекламе"),
    "social": ("Social network traffic", "Переходы из социальных сетей"),
    "internal": ("Internal traffic", "Внутренние переходы"),
    "email": ("Mailing traffic", "Переходы с почтовых рассылок"),
    "saved": ("Cached page traffic", "Переходы с сохранённых страниц"),
    "recommend": ("Recommendation system traffic", "Переходы из рекомендательных систем"),
    "messenger": ("Messenger traffic", "Переходы из мессенджеров"),
    "qrcode": ("QR code traffic", "Переходы по QR-кодам"),
    "external": ("Redirects", "Внешние переходы"),
    "undefined": ("Undefined", "Не определено"),
}
DEVICES = {
    "1": ("desktop", "PC", "ПК"),
    "2": ("mobile", "Smartphones", "Смартфоны"),
    "3": ("tablet", "Tablets", "Планшеты"),
    "4": ("tv", "TV", "ТВ"),
}
NO_ROBOTS = "ym:s:isRobot=='No'"


def _share(part: float, whole: int, scale: float = 1.0) -> float:
    return scale * part / whole if whole else 0.0


METRICS: dict[str, Metric] = {
    "ym:s:visits": lambda visits: float(len(visits)),
    "ym:s:pageviews": lambda visits: float(sum(v.page_views for v in visits)),
    "ym:s:users": lambda visits: float(len({(v.counter_id, v.person) for v in visits})),
    "ym:s:newUsers": lambda visits: float(
        len({(v.counter_id, v.person) for v in visits if v.is_new_user})
    ),
    "ym:s:bounceRate": lambda visits: _share(sum(v.bounce for v in visits), len(visits), 100),
    "ym:s:pageDepth": lambda visits: _share(sum(v.page_views for v in visits), len(visits)),
    "ym:s:avgVisitDurationSeconds": lambda visits: _share(
        sum(v.duration for v in visits), len(visits)
    ),
}


def _source(model: str) -> Dimension:
    def value(visit: Visit, lang: str) -> dict[str, Any]:
        source = traffic(visit, model).source
        return {"id": source, "name": SOURCE_NAMES[source][lang == "ru"]}

    return value


def _device(visit: Visit, lang: str) -> dict[str, Any]:
    word, english, russian = DEVICES[visit.device]
    return {"id": word, "name": russian if lang == "ru" else english}


def _search_engine(visit: Visit, lang: str) -> dict[str, Any]:
    """Visits from elsewhere have an engine without name and id (docs/metrica-api.md#reports)."""
    engine = visit.lastsign_search_engine_root or None
    return {"id": engine, "name": engine and engine.capitalize()}


DIMENSIONS: dict[str, Dimension] = {
    "ym:s:date": lambda v, lang: {"name": str(v.day)},
    "ym:s:startOfMonth": lambda v, lang: {"name": str(v.day.replace(day=1))},
    "ym:s:startOfYear": lambda v, lang: {"name": str(v.day.replace(month=1, day=1))},
    "ym:s:lastTrafficSource": _source("last"),
    "ym:s:lastsignTrafficSource": _source("lastsign"),
    "ym:s:lastsignSearchEngineRoot": _search_engine,
    "ym:s:deviceCategory": _device,
}


def counter_ids(parameters: Mapping[str, str]) -> list[int]:
    """The counters of a report; `id` is accepted for `ids`, as in the examples of the documentation."""
    text = parameters.get("ids") or parameters.get("id")
    if not text:
        raise missing("ids")
    if not re.fullmatch(r"\d+(,\d+)*", text, re.ASCII):
        raise invalid(f"Wrong parameter: ids={text}", "ids")
    return [int(part) for part in text.split(",")]


def report(
    parameters: Mapping[str, str], today: date, visits_of: VisitsOf, sample_share: float = 1.0
) -> dict[str, Any]:
    """The response of `/stat/v1/data` (docs/metrica-api.md#reports); numbers are floats, totals not sums.

    Counts of a sample are extrapolated to all visits (docs/metrica-api.md#reports).
    """
    if not parameters.get("metrics"):
        raise missing("metrics")
    metrics = _known(parameters["metrics"], METRICS, "metrics", MAX_METRICS)
    metrics = {name: _estimated(name, metric, sample_share) for name, metric in metrics.items()}
    dimensions = _known(parameters.get("dimensions", ""), DIMENSIONS, "dimensions", MAX_DIMENSIONS)
    if parameters.get("filters", NO_ROBOTS) != NO_ROBOTS:
        raise invalid(f"Wrong parameter: filters={parameters['filters']}", "filters")
    ids = counter_ids(parameters)
    first = _day(parameters.get("date1", "6daysAgo"), today, "date1")
    last = _day(parameters.get("date2", "today"), today, "date2")
    limit = whole(parameters, "limit", DEFAULT_LIMIT, 0, MAX_LIMIT)
    offset = whole(parameters, "offset", 1, 1, 10**9)
    sort = parameters.get("sort") or "-" + next(iter(metrics))
    known = [
        visit
        for counter in ids
        for number in range((last - first).days + 1)
        for visit in visits_of(counter, first + timedelta(number))
    ]
    visits = [visit for visit in known if _is_sampled(visit, sample_share)]
    groups = _rows(visits, dimensions, metrics, parameters.get("lang", "en"))
    rows = _sorted(groups, sort, [*dimensions, *metrics])
    page = rows[offset - 1 : offset - 1 + limit]
    return {
        "query": _echo(parameters, ids, metrics, dimensions, first, last, limit, offset, sort),
        "data": page,
        "total_rows": len(rows),
        "total_rows_rounded": False,
        "sampled": sample_share < 1,
        "contains_sensitive_data": False,
        "sample_share": sample_share,
        "sample_size": len(visits),
        "sample_space": len(known),
        "data_lag": 0,
        "totals": [metric(visits) for metric in metrics.values()],
        "min": [min((row["metrics"][n] for row in page), default=0.0) for n in _places(metrics)],
        "max": [max((row["metrics"][n] for row in page), default=0.0) for n in _places(metrics)],
    }


def until(visits: Iterable[Visit], local_now: datetime) -> list[Visit]:
    """The visits that have started by now: reports include today, logs do not."""
    return [visit for visit in visits if visit.started <= local_now]


def skewed(visits: list[Visit], factor: float) -> list[Visit]:
    """The visits times a factor: some are left out, or some are repeated as those of other visitors."""
    wanted = round(len(visits) * factor)
    more = visits * -(-wanted // len(visits)) if visits else []
    return [
        visit
        if number < len(visits)
        else visit._replace(user_hash=(visit.user_hash + number) % 2**64)
        for number, visit in enumerate(more[:wanted])
    ]


def _is_sampled(visit: Visit, share: float) -> bool:
    return visit.visit_id % 10_000 < 10_000 * share


def _estimated(name: str, metric: Metric, share: float) -> Metric:
    if name not in ADDED or share >= 1:
        return metric
    return lambda visits: float(round(metric(visits) / share))


def _places(metrics: Mapping[str, Metric]) -> range:
    return range(len(metrics))


def _known(text: str, registry: Mapping[str, T], parameter: str, most: int) -> dict[str, T]:
    names = [name for name in text.split(",") if name]
    if len(names) > most:
        raise ApiError(400, "limit_exceeded", f"More than {most} {parameter}", parameter)
    for name in names:
        if name not in registry:
            raise invalid(f"Wrong parameter: {parameter}={name}", parameter)
    return {name: registry[name] for name in names}


def _rows(
    visits: list[Visit],
    dimensions: Mapping[str, Dimension],
    metrics: Mapping[str, Metric],
    lang: str,
) -> list[dict[str, Any]]:
    groups: dict[tuple[tuple[tuple[str, Any], ...], ...], list[Visit]] = defaultdict(list)
    for visit in visits:
        key = tuple(tuple(value(visit, lang).items()) for value in dimensions.values())
        groups[key].append(visit)
    return [
        {
            "dimensions": [dict(value) for value in key],
            "metrics": [metric(group) for metric in metrics.values()],
        }
        for key, group in groups.items()
    ]


def _sorted(rows: list[dict[str, Any]], sort: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    for term in reversed(sort.split(",")):
        name = term.removeprefix("-")
        if name not in columns:
            raise invalid(f"Wrong parameter: sort={term}", "sort")
        rows = sorted(rows, key=_cell(columns.index(name)), reverse=term.startswith("-"))
    return rows


def _cell(place: int) -> Callable[[dict[str, Any]], Any]:
    def value(row: dict[str, Any]) -> Any:
        dimensions = row["dimensions"]
        if place < len(dimensions):
            return dimensions[place]["name"] or ""
        return row["metrics"][place - len(dimensions)]

    return value


def _day(text: str, today: date, name: str) -> date:
    words = {"today": 0, "yesterday": 1}
    if text in words:
        return today - timedelta(words[text])
    if match := re.fullmatch(r"(\d{1,5})daysAgo", text, re.ASCII):
        return today - timedelta(int(match[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(f"Wrong date format: {name}={text}", name) from None


def _echo(
    parameters: Mapping[str, str],
    ids: list[int],
    metrics: Mapping[str, Metric],
    dimensions: Mapping[str, Dimension],
    first: date,
    last: date,
    limit: int,
    offset: int,
    sort: str,
) -> dict[str, Any]:
    return {
        "ids": ids,
        "metrics": list(metrics),
        "dimensions": list(dimensions),
        "date1": str(first),
        "date2": str(last),
        "sort": sort.split(","),
        "limit": limit,
        "offset": offset,
        "group": "Day",
        "auto_group_size": "1",
        "quantile": "50",
        "offline_window": "21",
        "attribution": "LastSign",
        "currency": "RUB",
        "adfox_event_id": "0",
        "accuracy": parameters.get("accuracy", "medium"),
    }
