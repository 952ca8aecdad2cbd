-- Site × settled counter day: what was loaded, and what Metrica reports. Days without visits count 0 on both
-- sides. Metrica's reports are processed further than its logs: small differences are not errors.
{% from 'macros/periods.sql' import missing with context %}
{%- set measures = {'visits': 'visits', 'visitors': 'users', 'pageviews': 'pageviews'} %}
SELECT
    d.counter_day AS day,
    d.counter_id AS counter_id,
    m.site AS site,
{%- for ours, theirs in measures.items() %}
    o.{{ ours }} AS {{ ours }},
    r.{{ theirs }} AS reported_{{ ours }},
    multiIf(
        r.{{ theirs }} > 0, (toFloat64(o.{{ ours }}) - r.{{ theirs }}) / r.{{ theirs }},
        r.{{ theirs }} = 0 AND o.{{ ours }} = 0, 0,
        NULL) AS {{ ours }}_difference,
{%- endfor %}
    r.is_sampled AS is_sampled,
    r.sample_share AS sample_share,
    if(
        r.compared_at IS NULL,
        NULL,
{%- for ours in measures %}
        {{ '' if loop.first else 'AND ' }}ifNull(abs({{ ours }}_difference) <= 0.01, false)
{%- endfor %}
    ) AS is_within_tolerance,
    r.compared_at AS compared_at,
    m.made_from AS made_from
FROM
(
{% include 'macros/settled_counter_days.sql' %}
) AS d
INNER JOIN ({{ missing('metrica_reconciliation', 'day') }}) AS m
    ON m.counter_id = d.counter_id AND m.period_start = d.counter_day
LEFT JOIN
(
    SELECT
        unit_key,
        count() AS visits,
        uniqExact(visitor) AS visitors,
        sum(greatest(page_views, 0)) AS pageviews
    FROM core.site_visits
    WHERE unit_key IN
    (
        SELECT unit_key FROM core.site_days
        WHERE (counter_id, counter_day) IN
            (SELECT counter_id, period_start FROM ({{ missing('metrica_reconciliation', 'day') }}))
    )
    GROUP BY unit_key
) AS o ON o.unit_key = d.day_key
LEFT JOIN
(
    SELECT
        counter_id,
        counter_day,
        toNullable(newest.1) AS compared_at,
        toNullable(newest.2) AS visits,
        toNullable(newest.3) AS users,
        toNullable(newest.4) AS pageviews,
        toNullable(newest.5) AS is_sampled,
        toNullable(newest.6) AS sample_share
    FROM
    (
{% include 'macros/newest_reports.sql' %}
    )
) AS r ON r.counter_id = d.counter_id AND r.counter_day = d.counter_day
