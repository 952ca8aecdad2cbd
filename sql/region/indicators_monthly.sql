-- The published indicators of all districts of a region: one row a district, indicator and month.
CREATE OR REPLACE VIEW region.indicators_monthly
(
    district LowCardinality(String) COMMENT 'Район: имя файла его паспорта',
    district_name String COMMENT 'Район, как его называет паспорт',
{%- for name, type, comment in columns %}
    {{ name }} {{ type }} COMMENT {{ comment | literal }},
{%- endfor %}
    districts_with_fact UInt64 COMMENT 'У скольких районов есть факт этого показателя за этот месяц',
    median_fact Nullable(Float64) COMMENT 'Медиана фактов районов за этот месяц; пусто, если фактов нет'
)
AS
SELECT
    *,
    count(fact) OVER (PARTITION BY indicator, month) AS districts_with_fact,
    quantileExactInclusive(0.5)(fact) OVER (PARTITION BY indicator, month) AS median_fact
FROM
(
{%- for district, title in districts %}
    {% if not loop.first %}UNION ALL {% endif -%}
    SELECT
        CAST({{ district | literal }} AS LowCardinality(String)) AS district,
        {{ title | literal }} AS district_name,
        {{ columns | map('first') | join(', ') }}
    FROM {{ district }}_marts.indicators_monthly
{%- endfor %}
)
COMMENT 'Показатели районов: район, показатель, месяц'
