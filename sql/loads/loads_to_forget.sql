-- Loads that ended long ago and are not published, with the number of their entries.
SELECT load_id, count() AS entries
FROM ops.load_events
WHERE load_id NOT IN (SELECT load_id FROM ops.published)
GROUP BY load_id
HAVING max(at) < {before:DateTime64(6)}
