-- Every request is answered in time, overdue or open, and all are those of smev_requests_daily.
SELECT t.day AS day, t.requests AS requests, t.split AS split, r.requests AS counted
FROM
(
    SELECT day, sum(requests) AS requests, sum(on_time + overdue + open) AS split FROM marts.smev_answer_terms_daily GROUP BY day
) AS t
FULL JOIN (SELECT day, sum(requests) AS requests FROM marts.smev_requests_daily GROUP BY day) AS r ON r.day = t.day
WHERE t.requests != t.split OR t.requests != r.requests
