-- Covered days of the sites. Of those observed today the one that is furthest behind limits all: a site
-- that stopped loading must show. Counters that replaced each other are one site, which reaches as far as
-- the latest of them. A site without a covered day does not count yet. If none is observed today, the one
-- that came furthest. Hits must not hide late visits.
WITH last_days AS
(
    SELECT
        s.site_id AS site_id,
        max(c.last_day) AS last_day,
        max(toDate({{ today | literal }}) BETWEEN coalesce(s.observed_from, makeDate(1970, 1, 1))
            AND coalesce(s.observed_until, makeDate(2149, 1, 1))) AS is_observed
    FROM reference.programme_sites AS s
    LEFT JOIN
    (
        SELECT counter_id, max(day) AS last_day
        FROM intermediate.site_calendar
        WHERE day <= toDate({{ today | literal }})
        GROUP BY counter_id
    ) AS c ON c.counter_id = s.counter_id
    GROUP BY site_id
    HAVING countIf(c.counter_id != 0) > 0
)
SELECT day
FROM intermediate.site_calendar
WHERE day <= (SELECT if(countIf(is_observed) > 0, minIf(last_day, is_observed), max(last_day)) FROM last_days)
