-- Day × sender × kind of information × channel class. Overdue: the final answer came after the term, or the term
-- passed without one before the last moment of data.
WITH requests AS
(
{% include 'parts/smev_counted.sql' %}
),
last_data AS
(
    SELECT max(coalesce(sent_at, delivered_at, logged_at)) AS last_at
    FROM core.smev_events
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'smev')
)
SELECT
    day,
    sender,
    toString(namespace) AS information_type,
    if(is_portal, 'portal', 'interagency') AS channel_class,
    count() AS requests,
    countIf(is_answered) AS answered,
    countIf(is_rejected) AS rejected,
    countIf(sent_at + toIntervalHour({{ answer_hours }}) < if(is_answered, answered_at, last_at)) AS overdue,
    sum(deliveries - 1) AS repeats,
    quantileExactInclusiveOrNull(0.5)(seconds) AS median_response_seconds,
    quantileExactInclusiveOrNull(0.95)(seconds) AS p95_response_seconds
FROM
(
    SELECT r.*, l.last_at, dateDiff('millisecond', r.sent_at, r.answered_at) / 1000 AS seconds
    FROM requests AS r
    CROSS JOIN last_data AS l
)
GROUP BY day, sender, information_type, channel_class
