-- What was expected in each month: one row per indicator and month in which something was counted.
SELECT
    m.indicator AS indicator,
    m.month AS month,
    ifNull(m.due_year, m.year) AS until,
    if(f.indicator = '', m.forecast, f.forecast) AS forecast,
    if(f.indicator = '', m.forecast_due, f.forecast_due) AS forecast_due,
    m.forecast_due AS judged,
    if(until = m.year, f.forecast_low, f.forecast_due_low) AS low,
    if(until = m.year, f.forecast_high, f.forecast_due_high) AS high,
    f.probability_low AS probability_low,
    f.probability_high AS probability_high
FROM marts.indicators_monthly AS m
LEFT JOIN marts.indicator_forecasts AS f ON f.indicator = m.indicator AND f.month = m.month
WHERE m.is_complete AND m.fact IS NOT NULL
ORDER BY indicator, month
