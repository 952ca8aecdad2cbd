-- Of rows with the same id in one load one is kept: for a visit the longest, which is its latest state.
DELETE FROM {{ table }}
WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
  AND (load_id, part, line) IN
  (
      SELECT load_id, row.1, row.2
      FROM
      (
          SELECT
              load_id,
              arrayJoin(arrayPopBack(arraySort(groupArray(({{ rank }}, (part, line)))))) AS ranked,
              ranked.2 AS row
          FROM {{ table }}
          WHERE unit_key IN {keys:Array(String)} AND load_id IN {loads:Array(UUID)}
          GROUP BY unit_key, load_id, {{ id }}
          HAVING count() > 1
      )
  )
