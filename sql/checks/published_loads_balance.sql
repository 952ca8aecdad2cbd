-- Every published load balances: delivered = loaded + quarantined + duplicates.
-- severity: fail
SELECT source, unit, delivered, loaded, quarantined, duplicates
FROM ops.loads
WHERE status = 'published' AND delivered != loaded + quarantined + duplicates
