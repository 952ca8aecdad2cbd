-- Month filed × service × channel × status group, from macros/dated_applications.sql.
WITH
{% include 'macros/dated_applications.sql' %}
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
FROM dated
GROUP BY month, service_code, service_name, channel, is_electronic, status_group
