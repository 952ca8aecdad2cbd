-- One row per site, and one per other source: how far its data reach and which days are missing. Counters
-- that replaced each other are one site: it reaches as far as the latest of them, and misses a day that it
-- is observed on if none of the counters observed then covers it. What depends on the day of reading is in
-- sql/mart_views/data_freshness.sql.
WITH counters AS
(
    SELECT
        counter_id,
        name,
        site_id,
        coalesce(observed_from, makeDate(1970, 1, 1)) AS since,
        coalesce(observed_until, makeDate(2149, 1, 1)) AS until
    FROM reference.programme_sites
),
sites AS
(
    SELECT site_id, anyIf(name, counter_id = site_id) AS site, groupArray((since, until)) AS observed
    FROM counters
    GROUP BY site_id
),
missing AS
(
    SELECT site_id, arraySort(groupArray(day)) AS days
    FROM
    (
        SELECT c.site_id AS site_id, d.day AS day
        FROM counters AS c
        CROSS JOIN
        (
            SELECT makeDate({{ [baseline_year or first_year, first_year] | min }}, 1, 1) + number AS day
            FROM numbers(20000)
            WHERE day <= toDate({{ today | literal }})
                AND (toYear(day) >= {{ first_year }} OR toYear(day) = {{ baseline_year or 0 }})
        ) AS d
        WHERE d.day BETWEEN c.since AND c.until
        GROUP BY site_id, day
        HAVING NOT max((c.counter_id, d.day) IN (SELECT counter_id, day FROM intermediate.site_calendar))
    )
    GROUP BY site_id
),
reached AS
(
    SELECT c.site_id AS site_id, max(d.day) AS last_day
    FROM intermediate.site_calendar AS d
    INNER JOIN counters AS c ON c.counter_id = d.counter_id
    WHERE d.day <= toDate({{ today | literal }})
    GROUP BY site_id
)
SELECT
    'metrica' AS source,
    s.site_id AS counter_id,
    s.site AS site,
    s.observed AS observed,
    if(x.site_id = 0, NULL, toNullable(x.last_day)) AS data_through,
    m.days AS missing,
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
    makeDate({{ first_year }}, 1, 1) AS first_day,
    toDate({{ today | literal }}) AS built_on,
    {{ time_zone | literal }} AS time_zone
FROM sites AS s
LEFT JOIN missing AS m ON m.site_id = s.site_id
LEFT JOIN reached AS x ON x.site_id = s.site_id
LEFT JOIN intermediate.source_reach AS r ON r.source = 'metrica'
LEFT JOIN reference.freshness_terms AS f ON f.source = 'metrica'
UNION ALL
SELECT
    r.source, 0, '', [], r.data_through, [], '', r.last_success_at, f.late_after_days,
    makeDate({{ first_year }}, 1, 1), toDate({{ today | literal }}), {{ time_zone | literal }}
FROM intermediate.source_reach AS r
INNER JOIN reference.freshness_terms AS f ON f.source = r.source
WHERE r.source != 'metrica' OR (SELECT count() FROM reference.programme_sites) = 0
