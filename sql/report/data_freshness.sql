-- How far the data of each source reach, and how far they should: one row per source.
SELECT
    f.source AS source,
    f.last_success_at AS last_success_at,
    f.data_through AS data_through,
    f.lag_days AS lag_days,
    f.status AS status,
    f.detail AS detail,
    t.late_after_days AS late_after_days,
    t.why AS why
FROM marts.data_freshness AS f
LEFT JOIN reference.freshness_terms AS t ON t.source = f.source
ORDER BY source
