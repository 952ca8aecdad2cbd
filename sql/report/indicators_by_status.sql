-- How many indicators have each status in the headline month, best status first; in the month under way where
-- no month is complete yet.
SELECT
    status,
    count() AS indicators
FROM marts.indicators_latest
WHERE role = (SELECT min(role) FROM marts.indicators_latest)
GROUP BY status
ORDER BY status DESC
