-- Share of municipal services that can be applied for electronically, %: services that are active and
-- electronic at the month's end among those active at the month's end.
WITH services AS
(
{% include 'macros/services.sql' %}
),
shares AS
(
    SELECT month, countIf(is_electronic) AS electronic, count() AS active
    FROM services
    WHERE is_active AND startsWith(level, 'муницип')
    GROUP BY month
)
SELECT
    m.month AS month,
    nullIf(toFloat64(s.active), 0) AS denominator,
    if(denominator IS NULL, NULL, toFloat64(s.electronic)) AS numerator,
    numerator / denominator * 100 AS fact,
    fact AS forecast,
    CAST(NULL, 'Nullable(Float64)') AS fact_before,
    CAST(NULL, 'Nullable(Float64)') AS gain_per_day,
    if(r.data_through IS NULL, NULL, least(m.month_end, assumeNotNull(r.data_through))) AS data_through
FROM intermediate.programme_months AS m
LEFT JOIN shares AS s ON s.month = m.month
CROSS JOIN (SELECT data_through FROM intermediate.source_reach WHERE source = 'gosuslugi') AS r
