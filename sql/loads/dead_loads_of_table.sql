-- Loads with rows in a table that nobody reads any more: attempts that failed or were killed, older copies of
-- a published content, and other versions that were replaced or withdrawn.
SELECT DISTINCT load_id
FROM {{ table }}
WHERE load_id IN
(
    SELECT e.load_id
    FROM ops.load_events AS e
    WHERE e.load_id NOT IN (SELECT load_id FROM ops.published)
    GROUP BY e.source, e.unit_key, e.load_id
    HAVING max(e.at) < multiIf(
        countIf(e.status = 'published') = 0,
        {failed_before:DateTime64(6)},
        (e.source, e.unit_key) IN (SELECT source, unit_key FROM ops.files)
            AND (e.source, e.unit_key) IN (SELECT source, unit_key FROM ops.published),
        {repeated_before:DateTime64(6)},
        {superseded_before:DateTime64(6)}
    )
)
