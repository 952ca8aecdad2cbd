-- Covered days of the sites. Of those observed today the one that is furthest behind limits all: a site
-- that stopped loading must show. If none is observed today, the one that came furthest. Hits must not hide
-- late visits.
WITH last_days AS
(
    SELECT
        max(c.day) AS last_day,
        coalesce(any(s.observed_from), makeDate(1970, 1, 1)) <= toDate({{ today | literal }})
            AND coalesce(any(s.observed_until), makeDate(2149, 1, 1)) >= toDate({{ today | literal }})
            AS is_observed
    FROM intermediate.site_calendar AS c
    INNER JOIN reference.programme_sites AS s ON s.counter_id = c.counter_id
    WHERE c.day <= toDate({{ today | literal }})
    GROUP BY c.counter_id
)
SELECT day
FROM intermediate.site_calendar
WHERE day <= (SELECT if(countIf(is_observed) > 0, minIf(last_day, is_observed), max(last_day)) FROM last_days)
