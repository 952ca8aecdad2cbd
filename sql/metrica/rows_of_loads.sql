-- Rows, quarantined rows and repeated rows of each of these loads.
-- The table is sorted by load and id: read in that order, counting the repeated takes no memory for millions of ids.
SELECT load_id, sum(rows) AS rows, sum(bad) AS bad, sum(repeated) AS repeated
FROM
(
    SELECT load_id, sum(times) AS rows, 0 AS bad, sum(times - 1) AS repeated
    FROM
    (
        SELECT load_id, count() AS times
        FROM {{ table }}
        WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
        GROUP BY unit_key, load_id, {{ id }}
    )
    GROUP BY load_id
    UNION ALL
    SELECT load_id, 0 AS rows, count() AS bad, 0 AS repeated
    FROM ops.quarantine
    WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)}
    GROUP BY load_id
)
GROUP BY load_id
SETTINGS optimize_aggregation_in_order = 1
