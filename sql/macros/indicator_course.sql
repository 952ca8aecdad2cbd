{#- Indicator × month: fact and forecast as of T, and the gain of a year with which both go on
    (docs/indicators.md#прогноз). -#}
SELECT
    d.code AS code,
    i.kind AS kind,
    d.month AS month,
    d.month_end AS month_end,
    d.year AS year,
    makeDate(d.year, 12, 31) AS year_end,
    d.as_of AS as_of,
    ifNull(d.is_complete, false) AS is_complete,
    f.numerator AS numerator,
    f.denominator AS denominator,
    f.fact AS fact,
    f.forecast AS forecast,
    f.gain_per_day AS gain_per_day,
    f.data_through AS data_through,
    argMinIf((f.fact, d.as_of), d.month, f.fact IS NOT NULL) OVER (PARTITION BY d.code) AS earliest,
    -- A year before on the same day; without it by the earliest fact there is.
    coalesce(
        fact - if(kind = 'growth', f.fact_before, b.fact),
        (fact - earliest.1) / nullIf((as_of - earliest.2) / 365, 0),
        0
    ) AS yearly_gain
FROM intermediate.indicator_days AS d
INNER JOIN reference.programme_indicators AS i ON i.code = d.code
LEFT JOIN intermediate.indicator_facts AS f ON f.code = d.code AND f.month = d.month
LEFT JOIN intermediate.indicator_facts AS b ON b.code = d.code AND b.month = subtractYears(d.month, 1)
