-- The files (or counters and days) from which each value that is shown was computed: the first of them, and how
-- many there are.
SELECT indicator, arraySlice(files, 1, 8) AS first_files, length(files) AS all_of_them
FROM
(
    SELECT indicator, arraySort(groupUniqArrayArray(sources)) AS files
    FROM marts.indicator_evidence
    WHERE (indicator, month) IN
    (
        SELECT indicator, month
        FROM marts.indicators_latest
        WHERE role = (SELECT min(role) FROM marts.indicators_latest)
    )
    GROUP BY indicator
)
