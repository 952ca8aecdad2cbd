-- Quarantined rows of these loads that tell no day of the request, and one of the reasons. They stand under
-- the first day. Without a field: another number of cells than the heading.
SELECT count() AS rows, any(reason) AS reason
FROM ops.quarantine
WHERE source = 'metrica' AND load_id IN {loads:Array(UUID)} AND lower(field) IN ('', lower({day:String}))
