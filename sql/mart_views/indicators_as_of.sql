{%- set columns = ['month', 'year', 'indicator', 'name', 'unit', 'numerator', 'denominator', 'fact', 'plan',
    'final_plan', 'forecast', 'due_year', 'goal', 'forecast_due', 'expected', 'status', 'is_complete',
    'edition_date', 'data_through', 'computed_at'] -%}
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH
    (SELECT any(time_zone) FROM marts.data_coverage) AS zone,
    shown_builds AS
    (
        SELECT marts['indicators_monthly'] AS build, min(at) AS shown_at
        FROM ops.mart_builds
        WHERE status = 'published'
            AND toDate(at, ifNull(nullIf(toString(zone), ''), 'UTC')) <= {day:Date}
        GROUP BY build
    )
SELECT
    {{ columns | join(',\n    ') }}
FROM
(
    SELECT h.is_gone AS is_gone, h.{{ columns | join(', h.') }}
    FROM ops.indicator_history AS h
    INNER JOIN shown_builds AS b ON b.build = h.build
    ORDER BY b.shown_at DESC
    LIMIT 1 BY h.indicator, h.month
)
WHERE NOT is_gone
COMMENT 'Показатели по месяцам, какими их видели в конце дня: indicators_as_of(day = ''2026-03-01'')'
