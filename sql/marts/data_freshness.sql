-- One row per source: how far its data reach, and whether that is later than its term allows
-- (reference/freshness.csv).
SELECT
    r.source AS source,
    r.last_success_at AS last_success_at,
    r.data_through AS data_through,
    toUInt32(dateDiff('day', r.data_through, toDate({{ today | literal }}))) AS lag_days,
    multiIf(r.data_through IS NULL, 'missing', lag_days > f.late_after_days, 'late', 'fresh') AS status
FROM intermediate.source_reach AS r
INNER JOIN reference.freshness_terms AS f ON f.source = r.source
