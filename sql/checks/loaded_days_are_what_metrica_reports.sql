-- Visits, visitors and page views of settled days differ from Metrica's own report by at most 1 %.
-- severity: warn
SELECT
    day,
    counter_id,
    visits,
    reported_visits,
    visitors,
    reported_visitors,
    pageviews,
    reported_pageviews,
    is_sampled
FROM marts_next.metrica_reconciliation
WHERE NOT is_within_tolerance
ORDER BY day DESC, counter_id
