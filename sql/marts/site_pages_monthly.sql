-- Site × month × page: host and path of the address, without query. A file is a page too. Only days whose
-- hits are loaded completely count, each hit and visit in the month of its own day.
--   pageviews  page views of the page
--   downloads  downloads of it, for a file
--   visitors   distinct visitors of those page views and downloads, counted separately here, not to be summed
--   exits      visits that ended on it, of days whose visits are loaded completely as well
{% from 'macros/page.sql' import page %}
SELECT
    e.month AS month,
    e.counter_id AS counter_id,
    s.name AS site,
    e.page AS page,
    countIf(e.is_page_view) AS pageviews,
    uniqExactIf(e.visitor, NOT e.is_exit) AS visitors,
    countIf(e.is_download) AS downloads,
    countIf(e.is_exit) AS exits
FROM
(
    SELECT
        toStartOfMonth(toDate(h.happened_at, {{ time_zone | literal }})) AS month,
        h.counter_id AS counter_id,
        {{ page('h.url') }} AS page,
        h.visitor AS visitor,
        h.is_page_view AS is_page_view,
        h.is_download AS is_download,
        false AS is_exit
    FROM core.site_hits AS h
    WHERE (h.is_page_view OR h.is_download)
        AND (h.counter_id, toDate(h.happened_at, {{ time_zone | literal }}))
            IN (SELECT counter_id, day FROM intermediate.site_hit_calendar)
    UNION ALL
    SELECT
        toStartOfMonth(v.day) AS month,
        v.counter_id AS counter_id,
        {{ page('v.end_url') }} AS page,
        v.visitor AS visitor,
        false AS is_page_view,
        false AS is_download,
        true AS is_exit
    FROM
    (
{% include 'macros/visits.sql' %}
    ) AS v
    WHERE (v.counter_id, v.day) IN (SELECT counter_id, day FROM intermediate.site_hit_calendar)
) AS e
INNER JOIN reference.programme_sites AS s ON s.counter_id = e.counter_id
GROUP BY month, counter_id, site, page
