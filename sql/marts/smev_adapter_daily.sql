-- One row per day from the first request or log entry to the last day of data, not later than today. Backlog:
-- requests received by the end of the day and not finally answered by then. Silence: the adapter polls every
-- few seconds, so an hour without a dated line in its text log is an hour without the adapter. Times are
-- compared by the minute, since a log has millions of lines.
WITH
entries AS
(
    SELECT
        toStartOfMinute(logged_at) AS at,
        uniqExactIf(line_hash, message_id = '' AND message_type = 'QUERY') AS polls
    FROM core.smev_events
    WHERE format = 'text'
        AND logged_at
            < toDateTime64(
                toStartOfDay(toDate({{ today | literal }}) + 1, {{ time_zone | literal }}),
                3,
                'UTC'
            )
    GROUP BY at
),
gaps AS
(
    SELECT
        at AS since,
        leadInFrame(at, 1, at)
            OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS until
    FROM entries
),
silences AS
(
    SELECT
        arrayJoin(range(
            toUInt32(toDate(since, {{ time_zone | literal }})),
            toUInt32(toDate(until, {{ time_zone | literal }})) + 1
        )) AS number,
        greatest(
            since,
            toDateTime(toStartOfDay(toDate(number), {{ time_zone | literal }}), 'UTC')
        ) AS first_at,
        least(
            until,
            toDateTime(toStartOfDay(toDate(number) + 1, {{ time_zone | literal }}), 'UTC')
        ) AS last_at,
        dateDiff('second', first_at, last_at) AS seconds
    FROM gaps
    WHERE until > since + toIntervalHour(1) AND until <= since + toIntervalDay(3)
),
logged AS
(
    SELECT toDate(at, {{ time_zone | literal }}) AS day, sum(polls) AS polls, 0 AS silent_seconds
    FROM entries
    GROUP BY day
    UNION ALL
    SELECT toDate(number), 0, sum(seconds) FROM silences GROUP BY number
),
changes AS
(
    SELECT day, 1 AS received, 0 AS answered, NULL AS polls, NULL AS silent_seconds
    FROM intermediate.smev_requests
    UNION ALL
    -- Another clock may date an answer before its request: it counts on the request's day then.
    SELECT greatest(day, toDate(coalesce(answered_at, sent_at), {{ time_zone | literal }})), 0, 1, NULL, NULL
    FROM intermediate.smev_requests
    WHERE is_answered
    UNION ALL
    SELECT day, 0, 0, polls, silent_seconds FROM logged
),
days AS
(
    SELECT min(day) AS first_day, max(day) AS last_day FROM changes WHERE day <= toDate({{ today | literal }})
)
SELECT
    c.day AS day,
    c.received AS received,
    c.answered AS answered,
    toUInt64(sum(toInt64(c.received) - toInt64(c.answered)) OVER (ORDER BY c.day)) AS backlog,
    c.polls AS polls,
    c.silent_seconds / 3600 AS silent_hours
FROM
(
    SELECT
        day,
        toUInt64(sum(received)) AS received,
        toUInt64(sum(answered)) AS answered,
        sumOrNull(polls) AS polls,
        sumOrNull(silent_seconds) AS silent_seconds
    FROM
    (
        SELECT * FROM changes WHERE day <= toDate({{ today | literal }})
        UNION ALL
        SELECT first_day + number, 0, 0, NULL, NULL
        FROM days
        ARRAY JOIN range(if(
            (SELECT count() FROM changes WHERE day <= toDate({{ today | literal }})) = 0,
            0,
            toUInt32(dateDiff('day', first_day, last_day)) + 1
        )) AS number
    )
    GROUP BY day
) AS c
