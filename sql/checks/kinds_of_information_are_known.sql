-- Виды сведений последних 90 дней названы в reference/smev_kinds.csv: добавьте строку для каждого.
-- severity: warn
SELECT information_type, sum(requests) AS received
FROM marts_next.smev_answer_terms_daily
WHERE information_type != '' AND information_name = ''
    AND day > (SELECT max(day) FROM marts_next.smev_answer_terms_daily) - 90
GROUP BY information_type
ORDER BY received DESC, information_type
