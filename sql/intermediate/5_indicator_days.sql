-- The as-of day T of each indicator in each month (docs/indicators.md#день-по-который-посчитано): the one
-- place that says what it is. What is counted ends at the earlier of the month's end and its source's reach
-- (events: today), and is compared with the same day of another year. Shares are states: as of the month's
-- end.
WITH limits AS
(
    SELECT
        i.code AS code,
        i.kind AS kind,
        transform(i.code, ['site_visitors_growth', 'smev_requests'], ['metrica', 'smev'], '') AS source,
        if(source = '', toDate({{ today | literal }}), r.data_through) AS last_day
    FROM reference.programme_indicators AS i
    LEFT JOIN intermediate.source_reach AS r ON r.source = source
)
SELECT
    l.code AS code,
    m.month AS month,
    m.month_end AS month_end,
    m.year AS year,
    multiIf(
        l.kind = 'share', toNullable(m.month_end),
        l.last_day IS NULL, NULL,
        least(m.month_end, assumeNotNull(l.last_day))
    ) AS as_of,
    subtractYears(as_of, 1) AS as_of_before,
    as_of = m.month_end AS is_complete
FROM intermediate.programme_months AS m
CROSS JOIN limits AS l
