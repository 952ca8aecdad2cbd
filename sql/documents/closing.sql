-- The closing of a period as one of its versions.
SELECT toString(closing_id) AS id, version, closed_at, closed_by, reasons
FROM ops.closings
WHERE period = {{ period | literal }} AND version = {{ version }}
