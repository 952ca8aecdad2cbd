-- Words of published files are in the lists of reference/: add a line for each, then load the files again.
-- severity: warn
SELECT source, code, text, sum(times) AS times
FROM ops.load_warnings
WHERE startsWith(code, 'unknown_') AND load_id IN (SELECT load_id FROM ops.published)
GROUP BY source, code, text
ORDER BY times DESC, source, code, text
