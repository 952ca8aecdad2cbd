-- Each forecast of intermediate.method_forecasts with the errors known by then: those of the same month and
-- its neighbours of the three years before, and the 80 % band that they make
-- (docs/indicators.md#прогноз-и-его-границы).
{%- from 'macros/forecast_outcome.sql' import outcome %}
WITH past AS
(
    SELECT
        code,
        horizon,
        method,
        arraySort(groupArray(
            (toInt32(year + horizon), toInt32(season), state, assumeNotNull(error))
        )) AS errors
    FROM intermediate.method_forecasts
    WHERE error IS NOT NULL
    GROUP BY code, horizon, method
)
SELECT
    f.code AS code,
    f.month AS month,
    f.year AS year,
    f.horizon AS horizon,
    f.method AS method,
    f.kind AS kind,
    f.forecast AS forecast,
    f.actual AS actual,
    f.is_over AS is_over,
    f.sure AS sure,
    f.margin AS margin,
    -- Three months side by side of one year: at its ends the nearest three.
    greatest(2, least(10, toInt32(f.season))) AS middle,
    arrayFilter(
        e -> e.1 BETWEEN toInt32(f.year) - 3 AND toInt32(f.year) - 1 AND abs(e.2 - middle) <= 1, p.errors
    ) AS near,
    -- A share that stands unchanged is one case, however many months repeat it.
    arrayFilter(
        (e, n) -> n = 1, near, arrayEnumerateUniq(arrayMap(e -> e.1, near), arrayMap(e -> e.3, near))
    ) AS cases,
    arraySort(arrayMap(e -> e.4, cases)) AS errors,
    arrayMap(error -> {{ outcome('error') }}, errors) AS outcomes,
    -- Split conformal: of n errors the ⌈0.8 (n + 1)⌉-th by size, in both directions; of three there is none.
    arraySort(arrayMap(e -> abs(e), errors))[intDiv(4 * length(errors) + 8, 5)] AS reach,
    multiIf(is_over, forecast, length(errors) < 4, NULL, {{ outcome('-reach') }}) AS low,
    multiIf(is_over, forecast, length(errors) < 4, NULL, {{ outcome('reach') }}) AS high
FROM intermediate.method_forecasts AS f
LEFT JOIN past AS p ON p.code = f.code AND p.horizon = f.horizon AND p.method = f.method
