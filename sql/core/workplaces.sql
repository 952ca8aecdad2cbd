-- One row per workplace and date of the register. Of rows with the same key the later file wins.
SELECT
    as_of,
    number_key,
    newest.1 AS has_pc,
    newest.2 AS has_protection,
    newest.3 AS has_edms,
    newest.4 AS department,
    newest.5 AS load_id,
    newest.6 AS sheet
FROM
(
    SELECT
        as_of,
        replaceRegexpAll(lowerUTF8(number), '\\s+', '') AS number_key,
        argMax(
            (has_pc, has_protection, has_edms, department, load_id, sheet),
            (file_at, arrived_at, unit_key, sheet, line)
        ) AS newest
    FROM core.workplace_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')
    GROUP BY as_of, number_key
)
