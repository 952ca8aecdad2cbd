-- One row per year, date and budget item, in roubles. Of rows with the same key the later file wins. A row
-- without an item is the total of that date: it counts where no items are known, or only from earlier files.
SELECT year, as_of, item, newest.1 AS plan, newest.2 AS executed
FROM
(
    SELECT
        *,
        maxIf(said_at, item = '') OVER (PARTITION BY year, as_of) AS whole_said_at,
        maxIf(said_at, item != '') OVER (PARTITION BY year, as_of) AS items_said_at
    FROM
    (
        SELECT
            year,
            as_of,
            item,
            max((file_at, arrived_at, unit_key)) AS said_at,
            argMax((plan, executed), (file_at, arrived_at, unit_key, sheet, line)) AS newest
        FROM core.budget_rows
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')
        GROUP BY year, as_of, item
    )
)
WHERE (item = '') = (whole_said_at > items_said_at)
