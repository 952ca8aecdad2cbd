-- Share of municipal services that can be applied for electronically, %, by the way that the passport chose:
-- of the services of the catalogue or of the approved list, or of the applications (macros/eservices.sql).
{% from 'macros/eservices.sql' import eservices %}
WITH shares AS
(
    SELECT month, sum(numerator_part) AS electronic, sum(denominator_part) AS everything
    FROM ({{ eservices(eservices_count) }})
    GROUP BY month
)
SELECT
    m.month AS month,
    nullIf(s.everything, 0) AS denominator,
    if(denominator IS NULL, NULL, s.electronic) AS numerator,
    numerator / denominator * 100 AS fact,
    fact AS forecast,
    CAST(NULL, 'Nullable(Float64)') AS fact_before,
    CAST(NULL, 'Nullable(Float64)') AS gain_per_day,
    if(r.data_through IS NULL, NULL, least(m.month_end, assumeNotNull(r.data_through))) AS data_through
FROM intermediate.programme_months AS m
LEFT JOIN shares AS s ON s.month = m.month
CROSS JOIN (SELECT data_through FROM intermediate.source_reach WHERE source = 'gosuslugi') AS r
