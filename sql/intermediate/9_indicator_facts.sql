-- Indicator × month: the fact and the forecast of each file of sql/indicators.
{%- for code in indicators %}
{{ 'UNION ALL' if not loop.first }}
SELECT
    '{{ code }}' AS code,
    month,
    numerator,
    denominator,
    fact,
    forecast,
    fact_before,
    gain_per_day,
    data_through
FROM
(
{% include 'indicators/' ~ code ~ '.sql' %}
)
{%- endfor %}
