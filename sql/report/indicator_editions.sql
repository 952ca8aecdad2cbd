-- The editions that changed a plan of the years that were still ahead: one row per indicator and edition.
SELECT
    subject AS indicator,
    edition_date,
    any(document) AS document,
    arraySort(groupArray((year, previous_value, value))) AS changes
FROM marts.programme_editions
WHERE subject != 'funding'
    AND year >= toYear(edition_date)
    AND NOT (value <=> previous_value)
    AND edition_date > (SELECT min(edition_date) FROM marts.programme_editions)
GROUP BY indicator, edition_date
ORDER BY indicator, edition_date
