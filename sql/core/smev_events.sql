-- One row per event of the exchange in a published load, as reported by an envelope, a journal or a text log.
SELECT *
FROM core.smev_event_rows
WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'smev')
