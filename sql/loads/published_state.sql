-- What differs as soon as something is published, withdrawn, sent once more, or reported by Metrica.
SELECT
    (SELECT (count(), max(at)) FROM ops.load_events WHERE status IN ('published', 'withdrawn')),
    (SELECT (count(), max(modified_at)) FROM ops.files),
    (SELECT (count(), max(reported_at)) FROM core.metrica_reported_days)
