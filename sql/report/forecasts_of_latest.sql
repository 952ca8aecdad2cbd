-- Forecast of the headline month (without one, of the month under way) for the end of the year of the goal,
-- else of its own year, with band and probability. What is due this year is the forecast of this year.
WITH shown AS
(
    SELECT indicator, month, year, unit, due_year, goal
    FROM marts.indicators_latest
    ORDER BY role = 'headline' DESC
    LIMIT 1 BY indicator
)
SELECT
    s.indicator AS indicator,
    s.unit AS unit,
    s.goal AS goal,
    ifNull(s.due_year, s.year) AS until,
    if(until = s.year, f.forecast, f.forecast_due) AS forecast,
    if(until = s.year, f.forecast_low, f.forecast_due_low) AS low,
    if(until = s.year, f.forecast_high, f.forecast_due_high) AS high,
    f.probability_low AS probability_low,
    f.probability_high AS probability_high,
    f.note AS note
FROM shown AS s
INNER JOIN marts.indicator_forecasts AS f ON f.indicator = s.indicator AND f.month = s.month
ORDER BY indicator
