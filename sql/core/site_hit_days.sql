-- One row per published counter day of hits, empty days included; two where the counter's time zone was
-- changed and the day was loaded under both.
SELECT
    unit_key,
    load_id,
    load_number,
    counter_id,
    counter_day,
    time_zone,
    from_at,
    until_at,
    requested_at,
    settling_days
FROM core.metrica_days
WHERE core.metrica_days.source = 'hits'
    AND load_number IN (SELECT load_number FROM ops.published_loads)
