-- Rows of a load that say in all columns what an earlier one says: how many, and sheet and line of the first.
SELECT sum(times) - count() AS repeated, min(place) AS place
FROM
(
    SELECT count() AS times, arraySort(groupArray((sheet, line)))[2] AS place
    FROM {{ kind.target }}
    WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
        AND toString({{ kind.key | last }}) != ''
    GROUP BY {{ values | join(', ') }}
    HAVING times > 1
)
HAVING repeated > 0
