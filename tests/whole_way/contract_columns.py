"""Names and types of the marts' columns: contract section 5, and the three marts that came after it."""

_KEY = {"counter_id": "UInt32", "site": "String"}
_FLOAT = "Nullable(Float64)"
_MONEY = "Nullable(Decimal(18, 2))"
_VISITS = {"visits": "UInt64", "visitors": "UInt64"}
_COMPARED = {**_VISITS, "pageviews": "UInt64"}


def _enum(*words: str) -> str:
    return f"Enum8({', '.join(words)})"


COLUMNS: dict[str, dict[str, str]] = {
    "indicators_monthly": {
        "month": "Date",
        "year": "UInt16",
        "indicator": "String",
        "name": "String",
        "unit": "String",
        "numerator": _FLOAT,
        "denominator": _FLOAT,
        "fact": _FLOAT,
        "plan": _FLOAT,
        "final_plan": _FLOAT,
        "forecast": _FLOAT,
        "status": _enum("no_data", "off_track", "at_risk", "on_track", "achieved"),
        "edition_date": "Nullable(Date)",
        "data_through": "Nullable(Date)",
        "computed_at": "DateTime('UTC')",
    },
    "site_audience": {
        "grain": _enum("day", "week", "month", "quarter", "year"),
        "period_start": "Date",
        **_KEY,
        **_VISITS,
        "new_visitors": "UInt64",
        "pageviews": "UInt64",
        "bounces": "UInt64",
        "bounce_share": _FLOAT,
        "average_visit_seconds": _FLOAT,
        "is_settled": "Bool",
    },
    "site_sources_monthly": {
        "month": "Date",
        **_KEY,
        "traffic_source": "String",
        "search_engine": "String",
        **_VISITS,
    },
    "site_devices_monthly": {
        "month": "Date",
        **_KEY,
        "device": "String",
        "operating_system": "String",
        "browser": "String",
        **_VISITS,
    },
    "site_entry_pages_monthly": {
        "month": "Date",
        **_KEY,
        "page": "String",
        **_VISITS,
        "bounce_share": _FLOAT,
    },
    "site_pages_monthly": {
        "month": "Date",
        **_KEY,
        "page": "String",
        "pageviews": "UInt64",
        "visitors": "UInt64",
        "downloads": "UInt64",
        "exits": "UInt64",
    },
    "metrica_reconciliation": {
        "day": "Date",
        **_KEY,
        **_COMPARED,
        **{f"reported_{name}": f"Nullable({kind})" for name, kind in _COMPARED.items()},
        **{f"{name}_difference": _FLOAT for name in _COMPARED},
        "is_sampled": "Nullable(Bool)",
        "sample_share": _FLOAT,
        "is_within_tolerance": "Nullable(Bool)",
        "compared_at": "Nullable(DateTime('UTC'))",
    },
    "services_monthly": {
        "month": "Date",
        "service_code": "String",
        "service_name": "String",
        "level": "String",
        "is_active": "Bool",
        "is_electronic": "Bool",
    },
    "service_applications_monthly": {
        "month": "Date",
        "service_code": "String",
        "service_name": "String",
        "channel": "String",
        "is_electronic": "Bool",
        "status_group": "String",
        "applications": "UInt64",
        "on_time": "UInt64",
        "overdue": "UInt64",
        "average_days": _FLOAT,
        "rated": "UInt64",
        "average_rating": _FLOAT,
    },
    "service_quality_monthly": {
        "month": "Date",
        "service_code": "String",
        "service_name": "String",
        "applications": "UInt64",
        "electronic_applications": "UInt64",
        "digital_share": _FLOAT,
        "completed": "UInt64",
        "completion_share": _FLOAT,
        "on_time": "UInt64",
        "overdue": "UInt64",
        "on_time_share": _FLOAT,
        "rated": "UInt64",
        "average_rating": _FLOAT,
        "average_working_days": _FLOAT,
    },
    "smev_requests_daily": {
        "day": "Date",
        "sender": "String",
        "information_type": "String",
        "channel_class": "String",
        "requests": "UInt64",
        "answered": "UInt64",
        "rejected": "UInt64",
        "overdue": "UInt64",
        "repeats": "UInt64",
        "median_response_seconds": _FLOAT,
        "p95_response_seconds": _FLOAT,
    },
    "programme_funding_yearly": {
        "year": "UInt16",
        "plan": _MONEY,
        "executed": _MONEY,
        "execution_share": _FLOAT,
        "edition_date": "Nullable(Date)",
    },
    "data_freshness": {
        "source": "String",
        "last_success_at": "Nullable(DateTime('UTC'))",
        "data_through": "Nullable(Date)",
        "lag_days": "Nullable(UInt32)",
        "status": "String",
    },
}

GRAIN: dict[str, tuple[str, ...]] = {
    "indicators_monthly": ("indicator", "month"),
    "site_audience": ("grain", "period_start", "counter_id"),
    "site_sources_monthly": ("month", "counter_id", "traffic_source", "search_engine"),
    "site_devices_monthly": ("month", "counter_id", "device", "operating_system", "browser"),
    "site_entry_pages_monthly": ("month", "counter_id", "page"),
    "site_pages_monthly": ("month", "counter_id", "page"),
    "metrica_reconciliation": ("day", "counter_id"),
    "services_monthly": ("month", "service_code"),
    "service_applications_monthly": ("month", "service_code", "channel", "status_group"),
    "service_quality_monthly": ("month", "service_code"),
    "smev_requests_daily": ("day", "sender", "information_type", "channel_class"),
    "programme_funding_yearly": ("year",),
    "data_freshness": ("source",),
}
"""What makes a row of each mart unique."""

BY_THE_CLOCK = {
    "indicators_monthly": {"computed_at"},
    "metrica_reconciliation": {"compared_at"},
    "data_freshness": {"last_success_at"},
}
"""Columns that tell when something ran, which no count of the sources can know."""
