-- Визиты, посетители и просмотры устоявшихся дней отличаются от отчёта Метрики не больше чем на 1 %.
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
