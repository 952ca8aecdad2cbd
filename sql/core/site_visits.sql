-- One row per published visit. visitor: counterUserIDHash, or clientID where that is 0 (docs/indicators.md).
-- A bit above both keeps the two kinds of numbers apart; one number is counted twice as fast as a pair.
SELECT
    counter_id,
    unit_key,
    counter_day,
    visit_id,
    started_at,
    if(
        counter_user_id_hash != 0,
        toUInt128(counter_user_id_hash),
        bitOr(bitShiftLeft(toUInt128(1), 64), toUInt128(client_id))
    ) AS visitor,
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
WHERE load_number IN (SELECT load_number FROM ops.published_loads)
    AND (load_number, toStartOfFifteenMinutes(started_at))
        NOT IN (SELECT load_number, quarter FROM core.repeated_quarters)
