-- Rows stored and quarantined of each part of these loads.
SELECT sheet, sum(rows) AS lines
FROM
(
    SELECT concat('part ', toString(part)) AS sheet, count() AS rows
    FROM {{ table }}
    WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
    GROUP BY part
    UNION ALL
    SELECT sheet, count() AS rows
    FROM ops.quarantine
    WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)}
    GROUP BY sheet
)
GROUP BY sheet
