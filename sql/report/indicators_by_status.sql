-- How many indicators have each status in the headline month, the worst first; in the month under way where
-- no month is complete yet.
SELECT
    status,
    count() AS indicators
FROM marts.indicators_latest
WHERE role = (SELECT min(role) FROM marts.indicators_latest)
GROUP BY status
ORDER BY indexOf(['off_track', 'at_risk', 'no_data', 'on_track', 'achieved'], toString(status))
