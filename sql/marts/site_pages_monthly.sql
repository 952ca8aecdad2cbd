-- Site × month × page: host and path of the address, without query. A file is a page too. Only days whose
-- hits are loaded completely count, each hit and visit in the month of its own day.
--   pageviews  page views of the page
--   downloads  downloads of it, for a file
--   visitors   distinct visitors of those page views and downloads, counted separately here, not to be summed
--   exits      visits that ended on it, of days whose visits are loaded completely as well
{% from 'macros/page.sql' import page %}
{%- from 'macros/periods.sql' import days_of, missing with context %}
{%- from 'macros/visits.sql' import hits, visits with context %}
{%- set days = days_of('site_pages_monthly', 'month', 'intermediate.site_hit_calendar') %}
SELECT
    p.period_start AS month,
    p.counter_id AS counter_id,
    p.site AS site,
    e.page AS page,
    e.pageviews AS pageviews,
    e.visitors AS visitors,
    e.downloads AS downloads,
    e.exits AS exits,
    p.made_from AS made_from
FROM
(
    SELECT
        month,
        counter_id,
        page,
        countIf(is_page_view) AS pageviews,
        uniqExactIf(visitor, NOT is_exit) AS visitors,
        countIf(is_download) AS downloads,
        countIf(is_exit) AS exits
    FROM
    (
        SELECT
            toStartOfMonth(day) AS month,
            counter_id,
            {{ page('url') }} AS page,
            visitor,
            is_page_view,
            is_download,
            false AS is_exit
        FROM ({{ hits(days) }})
        WHERE is_page_view OR is_download
        UNION ALL
        SELECT
            toStartOfMonth(day) AS month,
            counter_id,
            {{ page('end_url') }} AS page,
            visitor,
            false AS is_page_view,
            false AS is_download,
            true AS is_exit
        FROM ({{ visits(days) }})
        WHERE (counter_id, day) IN (SELECT counter_id, day FROM intermediate.site_calendar)
    )
    GROUP BY month, counter_id, page
) AS e
INNER JOIN ({{ missing('site_pages_monthly', 'month') }}) AS p
    ON p.counter_id = e.counter_id AND p.period_start = e.month
