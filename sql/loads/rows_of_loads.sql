-- Rows and quarantined rows of each of these loads.
SELECT load_id, sum(rows) AS rows, sum(bad) AS bad
FROM
(
    SELECT load_id, count() AS rows, 0 AS bad
    FROM {{ table }}
    WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
    GROUP BY load_id
    UNION ALL
    SELECT load_id, 0 AS rows, count() AS bad
    FROM ops.quarantine
    WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)}
    GROUP BY load_id
)
GROUP BY load_id
