-- Site × period. Visitors are counted separately at each grain. A period appears when at least one of its
-- days is loaded completely. A loaded day without visits counts 0. Settled: the period is over, or the
-- site no longer observed, and Metrica no longer corrects its days.
{% from 'macros/periods.sql' import days_of, missing, starts with context %}
{%- from 'macros/visits.sql' import visits with context %}
{%- for grain, start in starts.items() %}
SELECT
    '{{ grain }}' AS grain,
    p.period_start AS period_start,
    p.counter_id AS counter_id,
    p.site AS site,
    c.visits AS visits,
    c.visitors AS visitors,
    c.new_visitors AS new_visitors,
    c.pageviews AS pageviews,
    c.bounces AS bounces,
    if(c.visits = 0, NULL, c.bounces / c.visits) AS bounce_share,
    if(c.visits = 0, NULL, c.seconds / c.visits) AS average_visit_seconds,
    p.period_end AS period_end,
    p.is_settled AS is_settled,
    p.made_from AS made_from
FROM ({{ missing('site_audience', grain) }}) AS p
LEFT JOIN
(
    SELECT
        counter_id,
        {{ start }} AS period_start,
        count() AS visits,
        uniqExact(visitor) AS visitors,
        uniqExactIf(visitor, is_new_user) AS new_visitors,
        sum(greatest(page_views, 0)) AS pageviews,
        countIf(is_bounce) AS bounces,
        sum(visit_duration_seconds) AS seconds
    FROM
    (
        {{ visits(days_of('site_audience', grain)) }}
    )
    GROUP BY counter_id, period_start
) AS c ON c.counter_id = p.counter_id AND c.period_start = p.period_start
{%- if not loop.last %}
UNION ALL
{%- endif %}
{%- endfor %}
