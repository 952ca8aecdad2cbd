-- Distinct ids of each of these loads among one share of all ids: the ids of a large day are counted share by
-- share.
SELECT load_id, uniqExact({{ id }}) AS distinct_ids
FROM {{ table }}
WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
    AND {{ id }} % {shares:UInt32} = {share:UInt32}
GROUP BY load_id
