-- Indicator × method × month: what each method said of the year's end, and what came of it.
SELECT
    code AS indicator,
    method,
    month,
    year,
    toNullable(forecast) AS forecast,
    actual,
    actual - forecast AS error,
    if(low IS NULL OR actual IS NULL, NULL, actual BETWEEN low AND high) AS is_inside
FROM intermediate.forecast_bands
WHERE horizon = 0 AND NOT is_over
