-- Rows of a build of indicators_monthly that are not as readers see them, and those that are gone: what
-- ops.indicator_history keeps of it. Builds that were never shown count for nothing.
{%- set build_rows = "mart_rows.indicators_monthly WHERE build = {build:UUID}" %}
{%- set sameness = "toString(tuple(" ~ columns | reject('equalto', 'computed_at') | join(', ') ~ "))" %}
WITH
shown_builds AS
(
    SELECT marts['indicators_monthly'] AS build, min(at) AS shown_at
    FROM ops.mart_builds
    WHERE status = 'published'
    GROUP BY build
),
kept AS
(
    SELECT h.is_gone AS is_gone, h.{{ columns | join(', h.') }}
    FROM ops.indicator_history AS h
    INNER JOIN shown_builds AS b ON b.build = h.build
    ORDER BY b.shown_at DESC
    LIMIT 1 BY h.indicator, h.month
)
SELECT false AS is_gone, {{ columns | join(', ') }}
FROM {{ build_rows }}
    AND {{ sameness }} NOT IN (SELECT {{ sameness }} FROM kept WHERE NOT is_gone)
UNION ALL
SELECT true, {{ columns | join(', ') }}
FROM kept
WHERE NOT is_gone AND (indicator, month) NOT IN (SELECT indicator, month FROM {{ build_rows }})
