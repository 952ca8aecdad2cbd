-- One row per service and first day of validity. Of rows with the same key the later export wins.
SELECT
    service_code,
    valid_from,
    newest.1 AS service_name,
    newest.2 AS level,
    newest.3 AS is_electronic,
    newest.4 AS valid_to
FROM
(
    SELECT
        service_code,
        valid_from,
        argMax(
            (service_name, level, is_electronic, valid_to),
            (file_at, arrived_at, unit_key, sheet, line)
        ) AS newest
    FROM core.service_catalogue_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
    GROUP BY service_code, valid_from
)
