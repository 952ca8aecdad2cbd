-- Day × sender × kind of information × channel class × term: whether answers came in time. A request that was
-- not answered within its term stays in the denominator of the share. An answer without any date counts as in
-- time.
SELECT
    day,
    sender,
    toString(namespace) AS information_type,
    any(information_name) AS information_name,
    if(is_portal, 'portal', 'interagency') AS channel_class,
    concat(
        toString(r.term), ' ',
        transform(
            multiIf(
                r.term % 100 BETWEEN 11 AND 14, 3,
                r.term % 10 = 1, 1,
                r.term % 10 BETWEEN 2 AND 4, 2,
                3
            ) * 10
                + indexOf(['hours', 'working_days', 'calendar_days'], term_unit),
            [11, 21, 31, 12, 22, 32, 13, 23, 33],
            [
                'час', 'часа', 'часов',
                'рабочий день', 'рабочих дня', 'рабочих дней',
                'календарный день', 'календарных дня', 'календарных дней'
            ],
            ''
        )
    ) AS term,
    count() AS requests,
    countIf(is_answered AND NOT is_late) AS on_time,
    countIf(is_late) AS overdue,
    countIf(NOT is_answered AND NOT is_late) AS open,
    if(on_time + overdue = 0, NULL, on_time / (on_time + overdue)) AS on_time_share,
    countIf(has(formats, 'envelope')) AS seen_by_envelope,
    countIf(has(formats, 'journal')) AS seen_by_journal,
    countIf(has(formats, 'text')) AS seen_by_text,
    countIf(length(formats) = 1) AS seen_by_one_format
FROM
(
    SELECT *, ifNull(late_after < if(is_answered, answered_at, last_at), false) AS is_late
    FROM intermediate.smev_requests
) AS r
GROUP BY day, sender, information_type, channel_class, r.term, term_unit
