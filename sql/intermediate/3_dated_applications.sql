-- Applications that count (without drafts and failures before filing), one row each, with the last name of
-- the service in the catalogue. The due date is that of the register, or the filing date plus the
-- register's number of working days. Open cases are overdue as of the last day of data.
WITH
calendar AS
(
{% include 'macros/working_days.sql' %}
),
applications AS
(
    SELECT * FROM core.service_applications WHERE status_group NOT IN ('draft', 'failed')
),
names AS
(
    SELECT toString(service_code) AS service_code, argMax(service_name, valid_from) AS service_name
    FROM core.service_catalogue
    GROUP BY service_code
),
last_data AS
(
    SELECT max(greatest(filed_on, toDate(status_at, {{ time_zone | literal }}))) AS last_day
    FROM applications
    WHERE greatest(filed_on, toDate(status_at, {{ time_zone | literal }})) <= toDate({{ today | literal }})
)
SELECT
    toStartOfMonth(a.filed_on) AS month,
    toString(a.service_code) AS service_code,
    if(n.service_name = '', concat('Услуга ', a.service_code, ' (нет в перечне)'), n.service_name)
        AS service_name,
    a.channel AS channel,
    a.channel IN ('ЕПГУ', 'РПГУ') AS is_electronic,
    a.status_group AS status_group,
    a.filed_on AS filed_on,
    a.finished_on AS finished_on,
    a.rating AS rating,
    a.status_group IN ('provided', 'refused', 'withdrawn') AS is_final,
    coalesce(a.due_on, d.day) AS due,
    is_final AND a.finished_on <= due AS is_on_time,
    if(is_final, a.finished_on > due, due < l.last_day) AS is_overdue,
    t.working_days - f.working_days AS working_days_taken
FROM applications AS a
LEFT JOIN (SELECT day, toNullable(working_days) AS working_days FROM calendar) AS f
    ON f.day = a.filed_on
LEFT JOIN
(
    SELECT toNullable(day) AS day, working_days FROM calendar WHERE is_working
) AS d
    ON d.working_days = f.working_days + assumeNotNull(a.due_working_days)
    AND a.due_working_days IS NOT NULL
LEFT JOIN (SELECT day, toNullable(working_days) AS working_days FROM calendar) AS t
    ON t.day = a.finished_on
LEFT JOIN names AS n ON n.service_code = toString(a.service_code)
CROSS JOIN last_data AS l
