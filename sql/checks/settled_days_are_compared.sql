-- Устоявшиеся дни старше недели сверены с отчётом Метрики.
-- severity: warn
SELECT counter_id, count() AS days, min(day) AS first_day, max(day) AS last_day
FROM marts_next.metrica_reconciliation
WHERE compared_at IS NULL AND day < today() - 7
GROUP BY counter_id
ORDER BY counter_id
