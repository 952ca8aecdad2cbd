-- First and last day of each source's data (its reach), and its last published load.
WITH reach AS
(
    SELECT source, minOrNull(day) AS data_from, maxOrNull(day) AS data_through
    FROM intermediate.source_days
    GROUP BY source
),
successes AS
(
    SELECT source, maxOrNull(toDateTime(at, 'UTC')) AS last_success_at
    FROM ops.load_events
    WHERE status = 'published' AND dataset != 'hits'
    GROUP BY source
)
SELECT
    s.source AS source,
    r.data_from AS data_from,
    r.data_through AS data_through,
    l.last_success_at AS last_success_at
FROM (SELECT arrayJoin([{{ sources | map('literal') | join(', ') }}]) AS source) AS s
LEFT JOIN reach AS r ON r.source = s.source
LEFT JOIN successes AS l ON l.source = s.source
