"""The tables that the page reads, in the shape of the real ones."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE ops.checks (
    at DateTime64(6, 'UTC'), check String, severity String, passed Bool, rows UInt64, example String
) ENGINE = MergeTree ORDER BY at;
CREATE TABLE ops.built_marts (status String) ENGINE = MergeTree ORDER BY status;
CREATE TABLE ops.published_marts (at DateTime64(6, 'UTC'), marts Map(String, UUID))
ENGINE = MergeTree ORDER BY at;
CREATE TABLE marts.indicators_monthly (
    month Date, year UInt16, indicator LowCardinality(String), name String, unit String,
    numerator Nullable(Float64), denominator Nullable(Float64), fact Nullable(Float64),
    plan Nullable(Float64), final_plan Nullable(Float64), forecast Nullable(Float64),
    due_year Nullable(UInt16), goal Nullable(Float64), forecast_due Nullable(Float64),
    expected Nullable(Float64),
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4),
    is_complete Bool,
    edition_date Nullable(Date), data_through Nullable(Date), computed_at DateTime('UTC')
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.data_problems (
    source LowCardinality(String), unit String, kind LowCardinality(String), reason String, day Date,
    rows UInt64
) ENGINE = MergeTree ORDER BY (source, unit);
CREATE TABLE marts.site_audience (
    grain Enum8('day' = 1, 'week' = 2, 'month' = 3, 'quarter' = 4, 'year' = 5), period_start Date,
    counter_id UInt32, site String, visits UInt64, visitors UInt64, new_visitors UInt64,
    pageviews UInt64, bounces UInt64, bounce_share Nullable(Float64),
    average_visit_seconds Nullable(Float64), is_settled Bool
) ENGINE = MergeTree ORDER BY (grain, period_start, counter_id);
CREATE TABLE marts.site_sources_monthly (
    month Date, counter_id UInt32, site String, traffic_source LowCardinality(String),
    search_engine LowCardinality(String), visits UInt64, visitors UInt64
) ENGINE = MergeTree ORDER BY (month, counter_id);
CREATE TABLE marts.site_devices_monthly (
    month Date, counter_id UInt32, site String, device LowCardinality(String),
    operating_system String, browser String, visits UInt64, visitors UInt64
) ENGINE = MergeTree ORDER BY (month, counter_id);
CREATE TABLE marts.service_applications_monthly (
    month Date, service_code String, service_name String, channel LowCardinality(String),
    is_electronic Bool, status_group LowCardinality(String), applications UInt64, on_time UInt64,
    overdue UInt64, average_days Nullable(Float64), rated UInt64, average_rating Nullable(Float64)
) ENGINE = MergeTree ORDER BY (month, service_code);
CREATE TABLE marts.smev_requests_daily (
    day Date, sender String, information_type String, channel_class LowCardinality(String),
    requests UInt64, answered UInt64, rejected UInt64, overdue UInt64, repeats UInt64,
    median_response_seconds Nullable(Float64), p95_response_seconds Nullable(Float64)
) ENGINE = MergeTree ORDER BY (day, sender);
CREATE TABLE marts.smev_answer_terms_daily (
    day Date, sender String, information_type String, information_name String,
    channel_class LowCardinality(String), term String, requests UInt64, on_time UInt64, overdue UInt64,
    open UInt64, on_time_share Nullable(Float64), seen_by_envelope UInt64, seen_by_journal UInt64,
    seen_by_text UInt64, seen_by_one_format UInt64
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.smev_exchange_daily (
    day Date, operation String, fault_name String, smev_error UInt16, messages UInt64,
    deliveries UInt64, repeats UInt64, faults UInt64, median_pickup_seconds Nullable(Float64),
    p95_pickup_seconds Nullable(Float64)
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.smev_adapter_daily (
    day Date, received UInt64, answered UInt64, backlog UInt64, polls Nullable(UInt64),
    silent_hours Nullable(Float64)
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.indicator_methods (
    indicator String, name String, method String, method_name String, explanation String
) ENGINE = MergeTree ORDER BY indicator;
CREATE TABLE marts.indicator_forecasts (
    month Date, indicator String, method String, forecast Nullable(Float64),
    forecast_low Nullable(Float64), forecast_high Nullable(Float64), forecast_due Nullable(Float64),
    forecast_due_low Nullable(Float64), forecast_due_high Nullable(Float64),
    probability_low Nullable(Float64), probability_high Nullable(Float64), errors_used UInt16,
    note String
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.indicator_evidence (
    month Date, indicator LowCardinality(String), kind LowCardinality(String), part String,
    numerator_part Nullable(Float64), denominator_part Nullable(Float64), load_ids Array(UUID),
    sources Array(String)
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.eservices_ways_monthly (
    month Date, way LowCardinality(String), way_name LowCardinality(String), list String,
    as_of Nullable(Date), numerator Nullable(Float64), denominator Nullable(Float64),
    share Nullable(Float64), is_chosen Bool, note String
) ENGINE = MergeTree ORDER BY (month, way);
CREATE TABLE marts.programme_editions (
    edition_date Date, document String, subject LowCardinality(String), year UInt16,
    value Nullable(Float64), previous_value Nullable(Float64), year_share Float64
) ENGINE = MergeTree ORDER BY (edition_date, subject, year);
CREATE TABLE reference.programme_indicators (
    code LowCardinality(String), direction LowCardinality(String), kind LowCardinality(String),
    base_value Nullable(Float64), base_year Nullable(UInt16)
) ENGINE = MergeTree ORDER BY code;
CREATE TABLE reference.freshness_terms (
    source LowCardinality(String), late_after_days UInt16, why String
) ENGINE = MergeTree ORDER BY source;
CREATE TABLE marts.programme_funding_yearly (
    year UInt16, plan Nullable(Decimal(18, 2)), executed Nullable(Decimal(18, 2)),
    execution_share Nullable(Float64), edition_date Nullable(Date)
) ENGINE = MergeTree ORDER BY year;
CREATE TABLE marts.data_freshness (
    source String, last_success_at Nullable(DateTime('UTC')), data_through Nullable(Date),
    lag_days Nullable(UInt32), status LowCardinality(String), missing_days UInt32, detail String
) ENGINE = MergeTree ORDER BY source;
"""
