-- How many indicators have each status in the last month, best status first.
SELECT
    status,
    count() AS indicators
FROM marts.indicators_monthly
WHERE month = (SELECT max(month) FROM marts.indicators_monthly)
GROUP BY status
ORDER BY status DESC
