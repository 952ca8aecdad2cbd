-- One row per site, and one per other source: how far its data reach and which days are missing before that.
-- What depends on the day of reading is in sql/mart_views/data_freshness.sql.
WITH wanted AS
(
    SELECT
        s.counter_id AS counter_id,
        d.day AS day,
        (s.counter_id, d.day) IN (SELECT counter_id, day FROM intermediate.site_calendar) AS is_covered
    FROM reference.programme_sites AS s
    CROSS JOIN
    (
        SELECT makeDate({{ [baseline_year or first_year, first_year] | min }}, 1, 1) + number AS day
        FROM numbers(20000)
        WHERE day < toDate({{ today | literal }})
            AND (toYear(day) >= {{ first_year }} OR toYear(day) = {{ baseline_year or 0 }})
    ) AS d
    WHERE d.day >= coalesce(s.observed_from, makeDate(1970, 1, 1))
        AND d.day <= coalesce(s.observed_until, makeDate(2149, 1, 1))
),
sites AS
(
    SELECT
        counter_id,
        countIf(is_covered) AS covered_days,
        maxOrNullIf(day, is_covered) AS last_day,
        arraySort(groupArrayIf(day, NOT is_covered)) AS missing,
        arrayFilter(one -> one < ifNull(last_day, makeDate(1970, 1, 1)), missing) AS before,
        -- Days that follow each other are one gap.
        arrayMap(
            gap -> (arrayMin(gap), arrayMax(gap)),
            arraySplit(
                (one, step) -> step > 1,
                before,
                arrayDifference(arrayMap(one -> toInt32(one), before))
            )
        ) AS gaps
    FROM wanted
    GROUP BY counter_id
),
reached AS
(
    SELECT counter_id, max(day) AS last_day
    FROM intermediate.site_calendar
    WHERE day <= toDate({{ today | literal }})
    GROUP BY counter_id
)
SELECT
    'metrica' AS source,
    s.counter_id AS counter_id,
    s.name AS site,
    s.observed_from AS observed_from,
    s.observed_until AS observed_until,
    makeDate({{ first_year }}, 1, 1) AS first_day,
    {{ baseline_year or 0 }} AS baseline_year,
    if(x.counter_id = 0, NULL, toNullable(x.last_day)) AS data_through,
    w.covered_days AS covered_days,
    w.gaps AS gaps,
    {%- if baseline_year and baseline_value is none %}
    if(
        s.site_id NOT IN (SELECT site_id FROM intermediate.compared_days),
        'с базовым годом не сравнивается: наблюдается позже',
        '') AS remark,
    {%- else %}
    '' AS remark,
    {%- endif %}
    r.last_success_at AS last_success_at,
    f.late_after_days AS late_after_days,
    {{ time_zone | literal }} AS time_zone
FROM reference.programme_sites AS s
LEFT JOIN sites AS w ON w.counter_id = s.counter_id
LEFT JOIN reached AS x ON x.counter_id = s.counter_id
LEFT JOIN intermediate.source_reach AS r ON r.source = 'metrica'
LEFT JOIN reference.freshness_terms AS f ON f.source = 'metrica'
UNION ALL
SELECT
    r.source, 0, '', NULL, NULL, makeDate({{ first_year }}, 1, 1), 0, r.data_through, 0, [], '',
    r.last_success_at, f.late_after_days, {{ time_zone | literal }}
FROM intermediate.source_reach AS r
INNER JOIN reference.freshness_terms AS f ON f.source = r.source
WHERE r.source != 'metrica' OR (SELECT count() FROM reference.programme_sites) = 0
