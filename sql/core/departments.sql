-- One row per department and date of the register. Of rows with the same key the later file wins; of several
-- rows of that file (a kind of equipment each) the least equipped, since a department needs all of them.
SELECT
    as_of,
    department_key,
    newest.1 AS department,
    newest.2 AS required,
    newest.3 AS equipped,
    newest.4 AS load_id,
    newest.5 AS sheet
FROM
(
    SELECT
        as_of,
        replaceRegexpAll(lowerUTF8(department), '\\s+', '') AS department_key,
        argMax(
            (department, required, equipped, load_id, sheet),
            (file_at, arrived_at, unit_key, required - equipped, sheet, line)
        ) AS newest
    FROM core.department_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')
    GROUP BY as_of, department_key
)
