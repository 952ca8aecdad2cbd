-- Files and days that were not loaded: the newest, and how many there are.
SELECT source, unit, reason, day, count() OVER () AS all_of_them
FROM marts.data_problems
WHERE kind = 'rejected'
ORDER BY day DESC, source, unit
LIMIT 10
