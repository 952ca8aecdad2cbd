-- Quarantined dates of a load whose month is beyond 12 and whose day is not, by field.
SELECT field, count() AS cells, min((sheet, line)) AS place
FROM
(
    SELECT
        field,
        sheet,
        line,
        substring(masked_row, position(masked_row, concat(field, ': ')) + length(field) + 2) AS rest
    FROM ops.quarantine
    WHERE source = {source:String} AND load_id = {load_id:UUID} AND startsWith(reason, 'no date')
)
WHERE match(
    rest,
    '^(?:\\d{4}-(?:1[3-9]|2\\d|3[01])-(?:0\\d|1[0-2])|(?:0\\d|1[0-2])[.](?:1[3-9]|2\\d|3[01])[.]\\d{2})')
GROUP BY field
ORDER BY field
