-- The files from which each value that is shown was computed: the first of them, and how many there are. Of
-- sites the first and the last day of each counter and year.
WITH named AS
(
    SELECT
        indicator,
        source,
        extractGroups(source, '^(счётчик [0-9]+): ([0-9.]{10})–([0-9.]{10})$') AS days,
        parseDateTimeOrNull(days[2], '%d.%m.%Y') AS first_day,
        parseDateTimeOrNull(days[3], '%d.%m.%Y') AS last_day
    FROM marts.indicator_evidence
    ARRAY JOIN sources AS source
    WHERE (indicator, month) IN
    (
        SELECT indicator, month
        FROM marts.indicators_latest
        WHERE role = (SELECT min(role) FROM marts.indicators_latest)
    )
),
files AS
(
    SELECT
        indicator,
        if(
            empty(any(days)),
            any(source),
            concat(
                any(days)[1], ': ',
                formatDateTime(min(first_day), '%d.%m.%Y'), '–', formatDateTime(max(last_day), '%d.%m.%Y')
            )
        ) AS file
    FROM named
    GROUP BY indicator, if(empty(days), source, concat(days[1], toString(toYear(first_day))))
)
SELECT indicator, arraySlice(arraySort(groupArray(file)), 1, 8) AS first_files, count() AS all_of_them
FROM files
GROUP BY indicator
