-- What each load was that a part of the month came from, also if it was withdrawn since.
SELECT
    load_id,
    any(source) AS source,
    any(dataset) AS dataset,
    any(unit_key) AS unit_key,
    any(unit) AS unit,
    max(e.loaded) AS loaded
FROM ops.load_events AS e
WHERE load_id IN
(
    SELECT arrayJoin(load_ids) FROM marts.indicator_evidence WHERE month = {{ month | literal }}
)
GROUP BY load_id
ORDER BY load_id
