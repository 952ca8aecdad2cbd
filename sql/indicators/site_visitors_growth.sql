-- Growth of the sites' visitors, %: distinct (site, visitor) pairs from 1 January through T on matched
-- days, compared with those of the same days of the baseline year
-- (docs/indicators.md#site_visitors_growth). Less than 90 % of the site days matched gives no fact.
-- Forecast: the visitors so far, projected to 31 December by the year before.
{%- set has_value = baseline_value is not none %}
WITH days AS
(
    SELECT
        year,
        day,
        sum(visitors) AS own,
        sum(base_visitors) AS base,
        0 AS site_days,
        0 AS site_days_matched,
        0 AS matched_days
    FROM intermediate.first_visits
    GROUP BY year, day
    UNION ALL
    SELECT year, day, 0, 0, countIf(is_observed), countIf(is_observed AND is_matched), countIf(is_matched)
    FROM intermediate.compared_days
    GROUP BY year, day
),
points AS
(
    SELECT month, year, as_of, as_of_before
    FROM intermediate.indicator_days
    WHERE code = 'site_visitors_growth' AND as_of >= makeDate(year, 1, 1)
),
through AS
(
    SELECT
        p.year AS year,
        p.day AS day,
        toFloat64(sum(d.own)) AS own,
        {%- if has_value %}
        {{ baseline_value }} * toDayOfYear(p.day) / toDayOfYear(makeDate(p.year, 12, 31)) AS base,
        {%- else %}
        toFloat64(sum(d.base)) AS base,
        {%- endif %}
        sum(d.matched_days) > 0 AND sum(d.site_days_matched) >= 0.9 * sum(d.site_days) AS is_comparable,
        if(is_comparable AND base > 0, (own / base - 1) * 100, NULL) AS growth
    FROM
    (
        SELECT year, assumeNotNull(as_of) AS day FROM points
        UNION DISTINCT
        SELECT year - 1, assumeNotNull(as_of_before) FROM points
    ) AS p
    INNER JOIN days AS d ON d.year = p.year
    WHERE d.day <= p.day
    GROUP BY p.year, p.day
),
years AS
(
    SELECT
        year,
        sum(d.own) AS whole_year,
        sumIf(d.own, toMonth(d.day) = 1) AS january,
        sum(d.site_days_matched) >= 0.9 * sum(d.site_days) AS is_comparable
    FROM days AS d
    GROUP BY year
),
whole_baseline AS
(
    {%- if has_value %}
    SELECT {{ baseline_value }} AS visitors
    {%- else %}
    SELECT sum(visitors) AS visitors FROM intermediate.base_visitors
    {%- endif %}
)
SELECT
    p.month AS month,
    t.growth AS fact,
    if(fact IS NULL, NULL, t.own) AS numerator,
    if(fact IS NULL, NULL, t.base) AS denominator,
    if(
        y.january > 0 AND y.is_comparable AND b.own > 0,
        y.whole_year / b.own,
        toDayOfYear(makeDate(p.year, 12, 31)) / toDayOfYear(assumeNotNull(p.as_of))
    ) AS projection,
    if(fact IS NULL, NULL, (t.own * projection / nullIf(w.visitors, 0) - 1) * 100) AS forecast,
    if(p.year > {{ first_year }}, b.growth, NULL) AS fact_before,
    CAST(NULL, 'Nullable(Float64)') AS gain_per_day,
    p.as_of AS data_through
FROM points AS p
LEFT JOIN through AS t ON t.year = p.year AND t.day = p.as_of
LEFT JOIN through AS b ON b.year = p.year - 1 AND b.day = p.as_of_before
LEFT JOIN years AS y ON y.year = p.year - 1
CROSS JOIN whole_baseline AS w
