-- One row per event of the exchange in a published load, as reported by an envelope, a journal or a text log.
SELECT *
FROM core.smev_event_rows
WHERE load_number IN (SELECT load_number FROM ops.published_loads)
