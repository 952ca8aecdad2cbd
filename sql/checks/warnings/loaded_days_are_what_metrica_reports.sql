-- Visits, visitors and page views of settled days differ from Metrica's own report by at most 1 %.
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
FROM marts.metrica_reconciliation
WHERE NOT is_within_tolerance
ORDER BY day DESC, counter_id
