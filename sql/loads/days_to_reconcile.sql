-- Settled counter days of these counters that have no report newer than the log request of their load.
SELECT s.counter_id AS counter_id, s.counter_day AS counter_day
FROM
(
{% include 'macros/settled_counter_days.sql' %}
) AS s
LEFT JOIN
(
    SELECT counter_id, counter_day, max(reported_at) AS reported_at
    FROM core.metrica_reported_days
    GROUP BY counter_id, counter_day
) AS r ON r.counter_id = s.counter_id AND r.counter_day = s.counter_day
WHERE s.counter_id IN {counters:Array(UInt32)} AND r.reported_at < s.last_requested_at
ORDER BY counter_id, counter_day
