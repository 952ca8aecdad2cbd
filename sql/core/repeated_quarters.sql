-- Quarters of an hour that an older load of a counter's day holds and a later one tells again, since the
-- counter's time zone was changed between them: its rows of these are not counted. So a visit counts once.
-- Days of all zones begin at whole quarters (UTC).
SELECT arrayJoin(arrayFilter(one -> one != newest, loads)) AS load_id, quarter
FROM
(
    SELECT
        arrayJoin(range(toUnixTimestamp(from_at), toUnixTimestamp(until_at), 900)) AS second,
        toDateTime(second, 'UTC') AS quarter,
        groupArray(load_id) AS loads,
        argMax(load_id, (published_at, load_id)) AS newest
    FROM ops.metrica_published_days
    WHERE (source, counter_id) IN
    (
        SELECT source, counter_id FROM core.metrica_days
        GROUP BY source, counter_id
        HAVING uniqExact(time_zone) > 1
    )
    GROUP BY source, counter_id, second
    HAVING length(loads) > 1
)
