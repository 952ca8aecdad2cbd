-- First and last day of each source's data, without days after today, and its last published load. The days
-- of a source's data are selected by sql/intermediate/reach/<source>.sql.
WITH days AS
(
{%- for source in sources %}
    SELECT {{ source | literal }} AS source, toDate(day) AS day
    FROM
    (
{% include 'intermediate/reach/' ~ source ~ '.sql' %}
    ){{ ' UNION ALL' if not loop.last }}
{%- endfor %}
),
reach AS
(
    SELECT source, minOrNull(day) AS data_from, maxOrNull(day) AS data_through
    FROM days
    WHERE day <= toDate({{ today | literal }})
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
