-- One row per published counter day of visits, empty days included.
SELECT counter_id, counter_day, from_at, until_at, requested_at
FROM core.metrica_days
WHERE core.metrica_days.source = 'visits'
    AND (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
