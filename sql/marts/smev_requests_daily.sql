-- Day × sender × kind of information × channel class. Overdue: the final answer came after the term, or the
-- term ended without one before the last moment of data.
SELECT
    day,
    sender,
    toString(namespace) AS information_type,
    if(is_portal, 'portal', 'interagency') AS channel_class,
    count() AS requests,
    countIf(is_answered) AS answered,
    countIf(is_rejected) AS rejected,
    countIf(late_after < if(is_answered, answered_at, last_at)) AS overdue,
    sum(deliveries - 1) AS repeats,
    quantileExactInclusiveOrNull(0.5)(seconds) AS median_response_seconds,
    quantileExactInclusiveOrNull(0.95)(seconds) AS p95_response_seconds
FROM
(
    SELECT *, dateDiff('millisecond', sent_at, answered_at) / 1000 AS seconds FROM intermediate.smev_requests
)
GROUP BY day, sender, information_type, channel_class
