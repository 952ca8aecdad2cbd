-- Kinds of information of the last 90 days are named in reference/smev_kinds.csv: add a line for each.
-- severity: warn
SELECT information_type, sum(requests) AS received
FROM marts_next.smev_answer_terms_daily
WHERE information_type != '' AND information_name = ''
    AND day > (SELECT max(day) FROM marts_next.smev_answer_terms_daily) - 90
GROUP BY information_type
ORDER BY received DESC, information_type
