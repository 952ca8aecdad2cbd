-- One row an event of the exchange in a published load: what an envelope, a line of a journal or of a log says.
SELECT *
FROM core.smev_event_rows
WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'smev')
