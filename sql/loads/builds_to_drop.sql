-- Builds whose rows no mart shows: not the published one, the one before it, nor the newest.
-- A build without an event was killed, or is being built at this moment.
WITH
    published AS
    (
        SELECT marts FROM ops.mart_builds WHERE status = 'published' ORDER BY at DESC LIMIT 2
    ),
    kept AS
    (
        SELECT arrayJoin(marts) AS shown FROM published
        UNION ALL
        SELECT arrayJoin(marts) FROM ops.built_marts
    )
SELECT table, partition AS build
FROM system.parts
WHERE database = 'mart_rows' AND active
    AND (table, partition) NOT IN (SELECT (toString(shown.1), toString(shown.2)) FROM kept)
GROUP BY table, partition
HAVING partition IN (SELECT toString(build) FROM ops.mart_builds)
    OR max(modification_time) < now() - INTERVAL 1 DAY
ORDER BY table, build
