-- One row per service and first day of validity. Of rows with the same key the later export wins. Its rows
-- may be the targets of one service, which is electronic if one of them is; the rest is that of the last row.
-- Whether it is in the approved list (МСЗУ) is what the latest export says that has this column.
SELECT
    service_code,
    valid_from,
    newest.1.1 AS service_name,
    newest.1.2 AS level,
    newest.2 AS is_electronic,
    newest.1.3 AS valid_to,
    newest.1.4 AS load_id,
    newest.1.5 AS sheet,
    newest.3 AS file_at,
    if(is_listing, listed.1, NULL) AS is_msu,
    listed.2 AS msu_from,
    listed.3 AS msu_to,
    listed.4 AS msu_load_id,
    listed.5 AS msu_sheet,
    listed.6 AS msu_file_at
FROM
(
    SELECT
        service_code,
        valid_from,
        argMax((last, has_electronic, file_at), (file_at, arrived_at, unit_key)) AS newest,
        max(has_msu) AS is_listing,
        argMaxIf(msu, (file_at, arrived_at, unit_key), has_msu) AS listed
    FROM
    (
        SELECT
            service_code,
            valid_from,
            file_at,
            arrived_at,
            unit_key,
            argMax((service_name, level, valid_to, load_id, sheet), (sheet, line)) AS last,
            max(is_electronic) AS has_electronic,
            max(is_msu IS NOT NULL) AS has_msu,
            argMax(
                (is_msu, msu_from, msu_to, load_id, sheet, file_at),
                (ifNull(toInt8(is_msu), -1), sheet, line)
            ) AS msu
        FROM core.service_catalogue_rows
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
        GROUP BY service_code, valid_from, file_at, arrived_at, unit_key
    )
    GROUP BY service_code, valid_from
)
