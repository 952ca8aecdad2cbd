-- What is wrong with the data by kind, source and reason: the first reasons of a kind, those with most rows
-- first, and how many there are. Of what was not loaded each file or day is named, the newest first.
SELECT *
FROM
(
    SELECT
        kind,
        source,
        reason,
        if(kind = 'rejected', unit, '') AS named,
        sum(rows) AS found,
        uniq(unit) AS units,
        max(day) AS last_day,
        sum(found) OVER (PARTITION BY kind) AS found_of_kind,
        count() OVER (PARTITION BY kind) AS reasons,
        row_number() OVER
        (
            PARTITION BY kind
            ORDER BY
                if(kind IN ('rejected', 'reconciliation'), toUInt64(last_day), found) DESC,
                source,
                reason,
                named
        ) AS place
    FROM marts.data_problems
    GROUP BY kind, source, reason, named
)
WHERE place <= 10
ORDER BY
    indexOf(['rejected', 'missing_days', 'quarantined', 'reconciliation', 'warned'], toString(kind)),
    place
