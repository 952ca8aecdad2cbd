-- One row a year, date and budget item, in roubles; of the same key the later file wins.
SELECT year, as_of, item, newest.1 AS plan, newest.2 AS executed
FROM
(
    SELECT year, as_of, item, argMax((plan, executed), (file_at, arrived_at, unit_key, sheet, line)) AS newest
    FROM core.budget_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')
    GROUP BY year, as_of, item
)
