-- Month filed × service: the four measures of the quality of public services. Completed means provided or
-- refused: a final answer of the authority. The denominator of the completion share has no withdrawn
-- applications. Working days run from filing to the final answer, as the term does: the day of filing is not
-- counted.
SELECT
    month,
    service_code,
    service_name,
    count() AS applications,
    countIf(is_electronic) AS electronic_applications,
    electronic_applications / applications AS digital_share,
    countIf(status_group IN ('provided', 'refused')) AS completed,
    completed / nullIf(countIf(status_group != 'withdrawn'), 0) AS completion_share,
    countIf(is_on_time) AS on_time,
    countIf(is_overdue) AS overdue,
    on_time / nullIf(on_time + overdue, 0) AS on_time_share,
    countIf(rating IS NOT NULL) AS rated,
    if(rated >= 10, avgOrNull(rating), NULL) AS average_rating,
    avgOrNullIf(working_days_taken, status_group IN ('provided', 'refused')) AS average_working_days
FROM intermediate.dated_applications
GROUP BY month, service_code, service_name
