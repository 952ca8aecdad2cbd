-- Site × month × entry page: host and path, without query.
{% from 'macros/periods.sql' import days_of, missing with context %}
{%- from 'macros/visits.sql' import visits with context %}
{%- from 'macros/page.sql' import page %}
SELECT
    p.period_start AS month,
    p.counter_id AS counter_id,
    p.site AS site,
    v.page AS page,
    v.visits AS visits,
    v.visitors AS visitors,
    v.bounce_share AS bounce_share,
    p.made_from AS made_from
FROM
(
    SELECT
        toStartOfMonth(day) AS month,
        counter_id,
        {{ page('start_url') }} AS page,
        count() AS visits,
        uniqExact(visitor) AS visitors,
        countIf(is_bounce) / count() AS bounce_share
    FROM
    (
        {{ visits(days_of('site_entry_pages_monthly', 'month')) }}
    )
    GROUP BY month, counter_id, page
) AS v
INNER JOIN ({{ missing('site_entry_pages_monthly', 'month') }}) AS p
    ON p.counter_id = v.counter_id AND p.period_start = v.month
