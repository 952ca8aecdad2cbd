-- Quarters of an hour that an older load of a counter's day holds and a later one tells again, since the
-- counter's time zone was changed between them: its rows of these are not counted. So a visit counts once.
-- Days of all zones begin at whole quarters (UTC).
WITH moved AS
(
    SELECT source, counter_id, load_number, from_at, until_at
    FROM core.metrica_days
    WHERE (source, counter_id) IN
    (
        SELECT source, counter_id FROM core.metrica_days
        GROUP BY source, counter_id
        HAVING uniqExact(time_zone) > 1
    )
)
SELECT arrayJoin(arrayFilter(one -> one != newest, loads)) AS load_number, quarter
FROM
(
    SELECT
        arrayJoin(range(toUnixTimestamp(d.from_at), toUnixTimestamp(d.until_at), 900)) AS second,
        toDateTime(second, 'UTC') AS quarter,
        groupArray(d.load_number) AS loads,
        argMax(d.load_number, (p.published_at, d.load_number)) AS newest
    FROM moved AS d
    INNER JOIN
    (
        -- The last load of a quarter is the last one of its unit: an older one of the unit is not seen.
        SELECT load_number, max(at) AS published_at
        FROM ops.load_events
        WHERE status IN ('published', 'withdrawn') AND load_number IN (SELECT load_number FROM moved)
        GROUP BY load_number
        HAVING argMax(status, at) = 'published'
    ) AS p ON p.load_number = d.load_number
    GROUP BY d.source, d.counter_id, second
    HAVING length(loads) > 1
)
