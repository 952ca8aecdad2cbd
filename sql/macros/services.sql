    -- Service × month from its first validity on, as of the month's end: of the versions valid then, the one
    -- that began last. If none is valid then, the last one that had begun. is_listed: in the approved list
    -- (МСЗУ) on that day; NULL where no catalogue says so. What was taken off it, was on it before.
    SELECT
        service_code,
        month,
        version.1 AS service_name,
        version.2 AS level,
        version.3 AS is_electronic,
        version.4 AS is_active,
        version.5 AS load_id,
        version.6 AS sheet,
        version.7 AS file_at,
        version.8 AS is_listed,
        version.9 AS msu_load_id,
        version.10 AS msu_sheet,
        version.11 AS msu_file_at
    FROM
    (
        SELECT
            service_code,
            month,
            argMax(
                (
                    service_name, level, is_electronic, is_valid, load_id, sheet, file_at,
                    is_listed, msu_load_id, msu_sheet, msu_file_at
                ),
                (is_valid, valid_from)
            ) AS version
        FROM
        (
            SELECT
                service_code,
                service_name,
                level,
                is_electronic,
                load_id,
                sheet,
                file_at,
                msu_load_id,
                msu_sheet,
                msu_file_at,
                valid_from,
                arrayJoin(arrayMap(
                    i -> addMonths(toStartOfMonth(valid_from), i),
                    range(toUInt32(greatest(0, 1 + dateDiff('month', valid_from, last_day))))
                )) AS month,
                valid_to IS NULL OR valid_to >= toLastDayOfMonth(month) AS is_valid,
                if(
                    is_msu IS NULL, NULL,
                    (is_msu OR msu_to IS NOT NULL)
                        AND ifNull(msu_from <= toLastDayOfMonth(month), true)
                        AND ifNull(msu_to >= toLastDayOfMonth(month), true)
                ) AS is_listed
            FROM core.service_catalogue
            CROSS JOIN
            (
                SELECT assumeNotNull(max(data_through)) AS last_day FROM intermediate.source_reach
            ) AS reach
        )
        WHERE valid_from <= toLastDayOfMonth(month)
        GROUP BY service_code, month
    )
