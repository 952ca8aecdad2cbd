-- Every published load balances: delivered = loaded + quarantined + duplicates.
SELECT source, unit, delivered, loaded, quarantined, duplicates
FROM ops.loads
WHERE status = 'published' AND delivered != loaded + quarantined + duplicates
