-- Дни сайтов старше недели загружены; команда загрузит недостающие.
-- severity: warn
SELECT
    site,
    count() AS days,
    min(day) AS first_day,
    max(day) AS last_day,
    concat(
        'airflow dags trigger load_metrica_visits --conf \'{"date_from": "', toString(first_day),
        '", "date_to": "', toString(last_day), '"}\''
    ) AS command
FROM
(
    SELECT site, day, toInt32(day) - row_number() OVER (PARTITION BY site ORDER BY day) AS gap
    FROM
    (
        -- The last days are what data_freshness tells; a site of which nothing is loaded has no hole.
        SELECT site, arrayJoin(missing) AS day
        FROM marts_next.data_coverage
        WHERE data_through IS NOT NULL AND day < built_on - 7
    )
)
GROUP BY site, gap
ORDER BY days DESC, site, first_day
