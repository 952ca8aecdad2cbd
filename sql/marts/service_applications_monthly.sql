-- Month filed × service × channel × status group.
SELECT
    month,
    service_code,
    service_name,
    channel,
    is_electronic,
    status_group,
    count() AS applications,
    countIf(is_on_time) AS on_time,
    countIf(is_overdue) AS overdue,
    avgOrNullIf(dateDiff('day', filed_on, assumeNotNull(finished_on)), is_final AND finished_on IS NOT NULL)
        AS average_days,
    countIf(rating IS NOT NULL) AS rated,
    avgOrNull(rating) AS average_rating
FROM intermediate.dated_applications
GROUP BY month, service_code, service_name, channel, is_electronic, status_group
