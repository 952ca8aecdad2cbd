-- Contents that were published or withdrawn, how each arrived last, and whether it is published.
SELECT
    f.unit_key AS unit_key,
    argMax(f.unit, f.modified_at) AS unit,
    max(f.modified_at) AS modified_at,
    max(f.size) AS size,
    (f.unit_key IN (SELECT unit_key FROM ops.published WHERE source = {source:String})) AS is_published
FROM ops.files AS f
WHERE f.source = {source:String}
GROUP BY f.unit_key
HAVING is_published
    OR f.unit_key IN (
        SELECT unit_key FROM ops.load_events WHERE source = {source:String} AND status = 'withdrawn'
    )
ORDER BY modified_at, unit_key
