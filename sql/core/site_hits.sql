-- One row per published hit: a page view, a file download or an external link. visitor: as in
-- core.site_visits.
SELECT
    counter_id,
    watch_id,
    visit_id,
    happened_at,
    if(counter_user_id_hash != 0, (0, counter_user_id_hash), (1, client_id)) AS visitor,
    is_page_view,
    is_download,
    is_link,
    url,
    referer,
    http_error
FROM core.metrica_hits
WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
    AND (load_id, toStartOfFifteenMinutes(happened_at))
        NOT IN (SELECT load_id, quarter FROM core.repeated_quarters)
