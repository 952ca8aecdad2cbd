-- Versions of a register that lack more than half of the keys of the version before; one of the two is of
-- this load. (A file with a date in each row may give a version of one row.)
SELECT
    as_of,
    length(keys) AS found,
    before.1 AS as_of_before,
    length(before.2) AS found_before,
    found_before - length(arrayIntersect(keys, before.2)) AS missing
FROM
(
    SELECT
        as_of,
        keys,
        is_ours,
        lagInFrame((as_of, keys, is_ours)) OVER
        (
            PARTITION BY span ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS before
    FROM
    (
        SELECT
            {{ 'year' if 'year' in kind.key else '0' }} AS span,
            as_of,
            groupUniqArray(replaceRegexpAll(lowerUTF8({{ kind.key | last }}), '\\s+', '')) AS keys,
            max(load_id = {load_id:UUID}) AS is_ours
        FROM {{ kind.target }}
        WHERE {{ kind.key | last }} != ''
            AND (
                (unit_key = {unit_key:String} AND load_id = {load_id:UUID})
                OR (
                    unit_key != {unit_key:String}
                    AND (unit_key, load_id) IN
                    (SELECT unit_key, load_id FROM ops.published WHERE source = {source:String})
                )
            )
        GROUP BY span, as_of
    )
)
WHERE missing * 2 > found_before AND (is_ours OR before.3)
ORDER BY as_of
