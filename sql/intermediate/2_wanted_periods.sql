-- Mart that follows the change × site × period: what its rows tell, and a hash of all they are made from.
{% from 'macros/periods.sql' import ends, starts %}
WITH
sites AS
(
    SELECT counter_id, name, coalesce(observed_until, makeDate(2149, 1, 1)) AS last_day
    FROM reference.programme_sites
),
latest AS
(
    SELECT
        counter_id,
        toDate(max(requested_at), {{ time_zone | literal }}) AS requested_on,
        argMax(least(settling_days, {{ settling_days }}), requested_at) AS settled_after
    FROM core.site_days
    GROUP BY counter_id
),
periods AS
(
    {%- for grain, start in starts.items() %}
    SELECT
        '{{ grain }}' AS grain,
        counter_id,
        {{ start }} AS period_start,
        {{ ends[grain] }} AS whole_end,
        min(is_settled) AS days_settled,
        max(day) AS last_loaded,
        sum(cityHash64(day, loads)) AS loads
    FROM intermediate.site_calendar
    GROUP BY counter_id, period_start
    {{ 'UNION ALL' if not loop.last }}
    {%- endfor %}
),
-- Pages are of days whose hits are loaded, their exits of those whose visits are loaded as well.
page_months AS
(
    SELECT
        h.counter_id AS counter_id,
        toStartOfMonth(h.day) AS month,
        sum(cityHash64(h.day, h.loads, v.loads)) AS loads
    FROM intermediate.site_hit_calendar AS h
    LEFT JOIN intermediate.site_calendar AS v ON v.counter_id = h.counter_id AND v.day = h.day
    GROUP BY counter_id, month
)
SELECT
    'site_audience' AS mart,
    p.grain AS grain,
    p.counter_id AS counter_id,
    p.period_start AS period_start,
    least(p.whole_end, s.last_day) AS period_end,
    p.days_settled
        AND (p.last_loaded >= period_end OR dateDiff('day', period_end, l.requested_on) > l.settled_after)
        AS is_settled,
    s.name AS site,
    cityHash64(
        {{ definitions['site_audience'] | literal }},
        grain, counter_id, period_start, period_end, is_settled, site, p.loads
    ) AS made_from
FROM periods AS p
INNER JOIN sites AS s ON s.counter_id = p.counter_id
INNER JOIN latest AS l ON l.counter_id = p.counter_id
{%- for mart in ('site_sources_monthly', 'site_devices_monthly', 'site_entry_pages_monthly') %}
UNION ALL
SELECT
    '{{ mart }}', 'month', p.counter_id, p.period_start, p.whole_end, p.days_settled, s.name,
    cityHash64({{ definitions[mart] | literal }}, p.counter_id, p.period_start, s.name, p.loads)
FROM periods AS p
INNER JOIN sites AS s ON s.counter_id = p.counter_id
WHERE p.grain = 'month'
{%- endfor %}
UNION ALL
SELECT
    'site_pages_monthly', 'month', p.counter_id, p.month, toLastDayOfMonth(p.month), false, s.name,
    cityHash64({{ definitions['site_pages_monthly'] | literal }}, p.counter_id, p.month, s.name, p.loads)
FROM page_months AS p
INNER JOIN sites AS s ON s.counter_id = p.counter_id
UNION ALL
SELECT
    'metrica_reconciliation', 'day', d.counter_id, d.counter_day, d.counter_day, true, s.name,
    cityHash64(
        {{ definitions['metrica_reconciliation'] | literal }},
        d.counter_id, d.counter_day, s.name, d.day_load, r.newest, q.quarters
    )
FROM
(
{% include 'macros/settled_counter_days.sql' %}
) AS d
INNER JOIN sites AS s ON s.counter_id = d.counter_id
LEFT JOIN
(
{% include 'macros/newest_reports.sql' %}
) AS r ON r.counter_id = d.counter_id AND r.counter_day = d.counter_day
LEFT JOIN
(
    SELECT load_number, sum(cityHash64(quarter)) AS quarters FROM core.repeated_quarters GROUP BY load_number
) AS q ON q.load_number = d.day_load
