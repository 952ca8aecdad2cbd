-- Site × month × last significant traffic source and search engine.
{% from 'macros/periods.sql' import days_of, missing with context %}
{%- from 'macros/visits.sql' import visits with context %}
SELECT
    p.period_start AS month,
    p.counter_id AS counter_id,
    p.site AS site,
    v.traffic_source AS traffic_source,
    v.search_engine AS search_engine,
    v.visits AS visits,
    v.visitors AS visitors,
    p.made_from AS made_from
FROM
(
    SELECT
        toStartOfMonth(day) AS month,
        counter_id,
        traffic_source,
        search_engine,
        count() AS visits,
        uniqExact(visitor) AS visitors
    FROM
    (
        {{ visits(days_of('site_sources_monthly', 'month')) }}
    )
    GROUP BY month, counter_id, traffic_source, search_engine
) AS v
INNER JOIN ({{ missing('site_sources_monthly', 'month') }}) AS p
    ON p.counter_id = v.counter_id AND p.period_start = v.month
