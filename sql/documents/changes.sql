-- What the editions of the year through the period's end changed: a row a subject and year.
SELECT
    e.edition_date AS edition_date,
    e.document AS document,
    e.subject AS subject,
    i.name AS name,
    i.unit AS unit,
    e.year AS year,
    e.value AS value,
    e.previous_value AS previous_value
FROM marts.programme_editions AS e
LEFT JOIN reference.programme_indicators AS i ON i.code = e.subject
WHERE e.edition_date BETWEEN makeDate({{ first.year }}, 1, 1) AND {{ last | literal }}
    AND e.value IS DISTINCT FROM e.previous_value
ORDER BY edition_date, i.position, subject, year
