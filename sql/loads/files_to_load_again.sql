-- Published files with the time of their latest arrival: those of given keys or names, else those with rows
-- that were not all understood.
SELECT p.unit_key AS unit_key, p.unit AS unit, max(f.modified_at) AS modified_at
FROM ops.published AS p
INNER JOIN ops.files AS f ON f.source = p.source AND f.unit_key = p.unit_key
WHERE p.source = {source:String}
    AND multiIf(
        notEmpty({keys:Array(String)}),
        has({keys:Array(String)}, p.unit_key),
        {names:String} != '',
        p.unit LIKE concat(
            p.source,
            '/',
            replaceAll(replaceRegexpAll({names:String}, '([\\\\%_])', '\\\\\\1'), '*', '%')
        ),
        p.load_id IN
        (
            SELECT load_id FROM ops.quarantine WHERE source = {source:String}
            UNION ALL
            SELECT load_id FROM ops.load_warnings
            WHERE source = {source:String} AND startsWith(code, 'unknown_')
        )
    )
GROUP BY p.unit_key, p.unit
ORDER BY modified_at, unit_key
