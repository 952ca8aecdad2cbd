-- Month filed × service × channel × status group. Drafts and failures before filing are left out. Due: the date of
-- the register, or the filing date plus its number of working days. Open cases are overdue as of the last day of data.
WITH calendar AS
(
{% include 'parts/working_days.sql' %}
),
applications AS
(
    SELECT * FROM core.service_applications WHERE status_group NOT IN ('draft', 'failed')
),
names AS
(
    SELECT service_code, argMax(service_name, known_from) AS service_name
    FROM
    (
        SELECT toString(service_code) AS service_code, service_name, (1, valid_from) AS known_from
        FROM core.service_catalogue
        UNION ALL
        SELECT toString(service_code), toString(service_name), (0, filed_on) FROM applications WHERE service_name != ''
    )
    GROUP BY service_code
),
last_data AS
(
    SELECT max(greatest(filed_on, toDate(status_at, {{ time_zone | literal }}))) AS last_day
    FROM applications
    WHERE greatest(filed_on, toDate(status_at, {{ time_zone | literal }})) <= toDate({{ today | literal }})
),
dated AS
(
    SELECT
        a.*,
        a.status_group IN ('provided', 'refused', 'withdrawn') AS is_final,
        coalesce(a.due_on, d.day) AS due
    FROM applications AS a
    LEFT JOIN (SELECT day, working_days FROM calendar) AS f ON f.day = a.filed_on
    LEFT JOIN
    (
        SELECT toNullable(day) AS day, working_days FROM calendar WHERE is_working
    ) AS d ON d.working_days = f.working_days + assumeNotNull(a.due_working_days) AND a.due_working_days IS NOT NULL
)
SELECT
    toStartOfMonth(d.filed_on) AS month,
    toString(d.service_code) AS service_code,
    n.service_name AS service_name,
    d.channel AS channel,
    d.channel IN ('ЕПГУ', 'РПГУ') AS is_electronic,
    d.status_group AS status_group,
    count() AS applications,
    countIf(d.is_final AND d.finished_on <= d.due) AS on_time,
    countIf(if(d.is_final, d.finished_on > d.due, d.due < l.last_day)) AS overdue,
    avgOrNullIf(dateDiff('day', d.filed_on, assumeNotNull(d.finished_on)), d.is_final AND d.finished_on IS NOT NULL)
        AS average_days,
    countIf(d.rating IS NOT NULL) AS rated,
    avgOrNull(d.rating) AS average_rating
FROM dated AS d
LEFT JOIN names AS n ON n.service_code = toString(d.service_code)
CROSS JOIN last_data AS l
GROUP BY month, service_code, service_name, channel, is_electronic, status_group
