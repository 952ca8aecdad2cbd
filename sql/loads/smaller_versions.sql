-- Versions of a register with less than half of the rows of the version before; one of the two is of this
-- load.
SELECT as_of, keys, before.1 AS as_of_before, before.2 AS keys_before
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
            uniqExact(replaceRegexpAll(lowerUTF8({{ kind.key | last }}), '\\s+', '')) AS keys,
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
WHERE keys_before > 2 * keys AND (is_ours OR before.3)
ORDER BY as_of
