-- How many attempts to load a file ended because the process that parsed it died.
SELECT count() AS attempts
FROM ops.load_events
WHERE source = {source:String} AND unit_key = {unit_key:String} AND status = 'failed'
    AND startsWith(message, {died:String})
