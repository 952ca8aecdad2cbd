{#- CTEs over the requests that the indicator counts, to be included after WITH. `requests`: one row per
    request with its term and `late_after`, the last instant of the term. A term in days ends with its last
    day in the programme zone. `last_at` is the last moment of data not later than today: as of it open
    requests are overdue. -#}
{%- from 'macros/smev_kinds.sql' import smev_kinds %}
counted AS
(
{% include 'macros/smev_counted.sql' %}
),
calendar AS
(
{% include 'macros/working_days.sql' %}
),
kinds AS
(
    {{ smev_kinds('counted') }}
),
last_data AS
(
    SELECT max(coalesce(sent_at, delivered_at, logged_at)) AS last_at
    FROM core.smev_events
    WHERE coalesce(sent_at, delivered_at, logged_at)
            < toDateTime64(
                toStartOfDay(toDate({{ today | literal }}) + 1, {{ time_zone | literal }}),
                3,
                'UTC'
            )
),
termed AS
(
    SELECT
        c.*,
        k.kind.1 AS information_name,
        coalesce(k.kind.2, {{ answer_hours }}) AS term,
        if(k.kind.2 IS NULL, 'hours', k.kind.3) AS term_unit
    FROM counted AS c
    LEFT JOIN kinds AS k ON k.of_kind = toString(c.namespace)
),
requests AS
(
    SELECT
        t.*,
        l.last_at AS last_at,
        multiIf(
            t.term_unit = 'calendar_days',
            toDateTime64(toStartOfDay(t.day + t.term + 1, {{ time_zone | literal }}), 3, 'UTC')
                - toIntervalMillisecond(1),
            t.term_unit = 'working_days',
            toDateTime64(toStartOfDay(d.due_day + 1, {{ time_zone | literal }}), 3, 'UTC')
                - toIntervalMillisecond(1),
            t.sent_at + toIntervalHour(t.term)
        ) AS late_after
    FROM termed AS t
    LEFT JOIN (SELECT day AS sent_day, toNullable(working_days) AS days_before FROM calendar) AS f
        ON f.sent_day = t.day
    LEFT JOIN
    (
        SELECT toNullable(day) AS due_day, working_days AS days_until FROM calendar WHERE is_working
    ) AS d
        ON d.days_until = f.days_before + t.term
    CROSS JOIN last_data AS l
)
