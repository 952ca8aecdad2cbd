-- The ways to count electronic services in the month that is shown, side by side.
SELECT way, way_name, list, numerator, denominator, share, is_chosen, note
FROM marts.eservices_ways_monthly
WHERE month = (SELECT min((role, month)).2 FROM marts.indicators_latest)
ORDER BY indexOf(['catalogue', 'msu_list', 'applications'], toString(way))
