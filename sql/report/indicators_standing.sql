-- Where each indicator stands in the month that is shown, the worst first: one row per indicator. What is
-- counted over a year begins it with nothing. `missing` is what the fact lacks to the goal, 0 once it is
-- reached; months are counted to the December of `due_year`.
WITH
    shown AS
    (
        SELECT * FROM marts.indicators_latest WHERE role = (SELECT min(role) FROM marts.indicators_latest)
    ),
    known AS
    (
        SELECT indicator, month, fact FROM marts.indicators_monthly WHERE is_complete
    )
SELECT
    s.indicator AS indicator,
    i.direction AS direction,
    i.kind AS kind,
    i.base_year AS base_year,
    i.base_value AS base_value,
    s.fact - if(i.kind = 'year' AND toMonth(s.month) = 1, 0, m.fact) AS change_of_month,
    s.fact - y.fact AS change_of_year,
    -- The engine's greatest() takes no notice of NULL.
    if(i.direction = 'down', s.fact - s.goal, s.goal - s.fact) AS difference,
    if(difference IS NULL, NULL, greatest(0, difference)) AS missing,
    dateDiff('month', s.month, makeDate(s.due_year, 12, 1)) AS months_left,
    s.expected AS expected,
    if(i.kind = 'growth' OR i.kind = 'year', s.data_through, toLastDayOfMonth(s.month)) AS expected_on
FROM shown AS s
LEFT JOIN reference.programme_indicators AS i ON i.code = s.indicator
LEFT JOIN known AS m ON m.indicator = s.indicator AND m.month = s.month - INTERVAL 1 MONTH
LEFT JOIN known AS y ON y.indicator = s.indicator AND y.month = s.month - INTERVAL 1 YEAR
ORDER BY
    indexOf(['off_track', 'at_risk', 'no_data', 'on_track', 'achieved'], toString(s.status)),
    if(i.direction = 'down', s.goal / nullIf(s.forecast_due, 0), s.forecast_due / nullIf(s.goal, 0)),
    s.indicator
