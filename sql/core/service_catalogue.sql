-- One row per service and first day of validity. Of rows with the same key the later export wins. Its rows
-- may be the targets of one service, which is electronic if one of them is; the rest is that of the last row.
SELECT
    service_code,
    valid_from,
    newest.1.1 AS service_name,
    newest.1.2 AS level,
    newest.2 AS is_electronic,
    newest.1.3 AS valid_to,
    newest.1.4 AS load_id,
    newest.1.5 AS sheet
FROM
(
    SELECT service_code, valid_from, argMax((last, has_electronic), (file_at, arrived_at, unit_key)) AS newest
    FROM
    (
        SELECT
            service_code,
            valid_from,
            file_at,
            arrived_at,
            unit_key,
            argMax((service_name, level, valid_to, load_id, sheet), (sheet, line)) AS last,
            max(is_electronic) AS has_electronic
        FROM core.service_catalogue_rows
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
        GROUP BY service_code, valid_from, file_at, arrived_at, unit_key
    )
    GROUP BY service_code, valid_from
)
