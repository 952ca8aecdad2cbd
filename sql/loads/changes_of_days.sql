-- What the new load of each day changed compared with the published one: rows gone, added and changed.
-- Rows are compared by a hash of their values; groups beyond the limit go to disk, so that a large day fits.
INSERT INTO ops.metrica_reloads
    (counter_id, source, counter_day, load_id, previous_load_id, hours_before, hours_after,
     rows_before, rows_after, gone, added, changed)
WITH
    {keys:Array(String)} AS keys,
    {new:Array(UUID)} AS new,
    {old:Array(UUID)} AS old
SELECT
    d.counter_id,
    '{{ source }}',
    d.counter_day,
    d.new_load,
    d.old_load,
    toUInt32(greatest(dateDiff('hour', d.until_at, d.old_requested_at), 0)),
    toUInt32(greatest(dateDiff('hour', d.until_at, d.new_requested_at), 0)),
    c.rows_before,
    c.rows_after,
    c.gone,
    c.added,
    c.changed
FROM
(
    SELECT
        unit_key,
        any(counter_id) AS counter_id,
        any(counter_day) AS counter_day,
        any(until_at) AS until_at,
        new[indexOf(keys, unit_key)] AS new_load,
        old[indexOf(keys, unit_key)] AS old_load,
        maxIf(requested_at, load_id = old_load) AS old_requested_at,
        maxIf(requested_at, load_id = new_load) AS new_requested_at
    FROM core.metrica_days
    WHERE unit_key IN {keys:Array(String)} AND (load_id IN {new:Array(UUID)} OR load_id IN {old:Array(UUID)})
    GROUP BY unit_key
) AS d
LEFT JOIN
(
    SELECT
        unit_key,
        countIf(is_before) AS rows_before,
        countIf(is_after) AS rows_after,
        countIf(is_before AND NOT is_after) AS gone,
        countIf(is_after AND NOT is_before) AS added,
        countIf(is_before AND is_after AND hash_before != hash_after) AS changed
    FROM
    (
        SELECT
            unit_key,
            countIf(load_id IN {old:Array(UUID)}) > 0 AS is_before,
            countIf(load_id IN {new:Array(UUID)}) > 0 AS is_after,
            maxIf(hash, load_id IN {old:Array(UUID)}) AS hash_before,
            maxIf(hash, load_id IN {new:Array(UUID)}) AS hash_after
        FROM
        (
            SELECT unit_key, load_id, {{ id }} AS id, cityHash64({{ values }}) AS hash
            FROM {{ table }}
            WHERE unit_key IN {keys:Array(String)}
                AND (load_id IN {new:Array(UUID)} OR load_id IN {old:Array(UUID)})
        )
        GROUP BY unit_key, id
    )
    GROUP BY unit_key
) AS c ON c.unit_key = d.unit_key
SETTINGS max_bytes_before_external_group_by = 200000000
