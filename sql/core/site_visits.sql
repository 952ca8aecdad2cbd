-- One row per published visit. visitor: counterUserIDHash, or clientID where that is 0 (docs/indicators.md).
-- The first element of the tuple keeps the two kinds of numbers apart.
SELECT
    counter_id,
    unit_key,
    toDate(splitByChar('/', unit_key)[2]) AS counter_day,
    visit_id,
    started_at,
    if(counter_user_id_hash != 0, (0, counter_user_id_hash), (1, client_id)) AS visitor,
    is_new_user,
    is_bounce,
    page_views,
    visit_duration_seconds,
    start_url,
    end_url,
    traffic_source,
    search_engine,
    device,
    operating_system,
    browser
FROM core.metrica_visits
WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
    AND (load_id, toStartOfFifteenMinutes(started_at))
        NOT IN (SELECT load_id, quarter FROM core.repeated_quarters)
