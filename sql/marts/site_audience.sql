-- Site × period. Visitors are counted separately at each grain. A period appears when at least one of its
-- days is loaded completely. A loaded day without visits counts 0. Settled: the period is over, or the
-- site no longer observed, and Metrica no longer corrects its days.
{%- set grains = {
    'day': 'day', 'week': 'toMonday(day)', 'month': 'toStartOfMonth(day)',
    'quarter': 'toStartOfQuarter(day)', 'year': 'toStartOfYear(day)'
} %}
{%- set ends = {
    'day': 'period_start', 'week': 'period_start + 6', 'month': 'toLastDayOfMonth(period_start)',
    'quarter': 'addMonths(period_start, 3) - 1', 'year': 'addYears(period_start, 1) - 1'
} %}
WITH visits AS
(
{% include 'macros/visits.sql' %}
),
latest AS
(
    SELECT
        counter_id,
        toDate(max(requested_at), {{ time_zone | literal }}) AS requested_on,
        argMax(least(settling_days, {{ settling_days }}), requested_at) AS settled_after
    FROM core.site_days
    GROUP BY counter_id
)
{%- for grain, start in grains.items() %}
SELECT
    '{{ grain }}' AS grain,
    p.period_start AS period_start,
    p.counter_id AS counter_id,
    s.name AS site,
    c.visits AS visits,
    c.visitors AS visitors,
    c.new_visitors AS new_visitors,
    c.pageviews AS pageviews,
    c.bounces AS bounces,
    if(c.visits = 0, NULL, c.bounces / c.visits) AS bounce_share,
    if(c.visits = 0, NULL, c.seconds / c.visits) AS average_visit_seconds,
    least({{ ends[grain].replace('period_start', 'p.period_start') }}, s.last_day) AS period_end,
    p.days_settled
        AND (p.last_day >= period_end OR dateDiff('day', period_end, l.requested_on) > l.settled_after)
        AS is_settled
FROM
(
    SELECT counter_id, {{ start }} AS period_start, min(is_settled) AS days_settled, max(day) AS last_day
    FROM intermediate.site_calendar
    GROUP BY counter_id, period_start
) AS p
INNER JOIN
(
    SELECT counter_id, name, coalesce(observed_until, makeDate(2149, 1, 1)) AS last_day
    FROM reference.programme_sites
) AS s ON s.counter_id = p.counter_id
INNER JOIN latest AS l ON l.counter_id = p.counter_id
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
    FROM visits
    GROUP BY counter_id, period_start
) AS c ON c.counter_id = p.counter_id AND c.period_start = p.period_start
{%- if not loop.last %}
UNION ALL
{%- endif %}
{%- endfor %}
