-- How far the data of each source reach: one row per source.
SELECT
    source,
    last_success_at,
    data_through,
    lag_days,
    status,
    detail
FROM marts.data_freshness
ORDER BY source
