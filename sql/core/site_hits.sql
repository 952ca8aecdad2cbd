-- One row per published hit: a page view, a file download or an external link. visitor: as in
-- core.site_visits.
SELECT
    counter_id,
    unit_key,
    counter_day,
    watch_id,
    visit_id,
    happened_at,
    if(
        counter_user_id_hash != 0,
        toUInt128(counter_user_id_hash),
        bitOr(bitShiftLeft(toUInt128(1), 64), toUInt128(client_id))
    ) AS visitor,
    is_page_view,
    is_download,
    is_link,
    url,
    referer,
    http_error
FROM core.metrica_hits
WHERE load_number IN (SELECT load_number FROM ops.published_loads)
    AND (load_number, toStartOfFifteenMinutes(happened_at))
        NOT IN (SELECT load_number, quarter FROM core.repeated_quarters)
