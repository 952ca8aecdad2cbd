-- Requests that the indicator counts: received by our mnemonics, production only, without tests
-- (docs/smev.md#что-считается-полученным-запросом). One row per request with its term and late_after, the
-- last instant of the term. A term in days ends with its last day in the programme zone. last_at is the
-- last moment of data not later than today: as of it open requests are overdue.
{% from 'macros/smev_kinds.sql' import smev_kinds %}
WITH
counted AS
(
    SELECT *, toDate(sent_at, {{ time_zone | literal }}) AS day
    FROM core.smev_requests
    WHERE NOT is_test
        AND {{ '1' if smev_contour == 'production' else '0' }}
        AND (
            recipient = ''
            OR upperUTF8(recipient) IN ({{ mnemonics | map('upper') | map('literal') | join(', ') }})
        )
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
)
SELECT
    t.day AS day,
    t.message_id AS message_id,
    t.chain_id AS chain_id,
    t.sent_at AS sent_at,
    t.received_at AS received_at,
    t.sender AS sender,
    t.namespace AS namespace,
    t.information_name AS information_name,
    t.is_portal AS is_portal,
    t.is_acknowledged AS is_acknowledged,
    t.is_answered AS is_answered,
    t.is_rejected AS is_rejected,
    t.answered_at AS answered_at,
    t.deliveries AS deliveries,
    t.formats AS formats,
    t.load_ids AS load_ids,
    t.term AS term,
    t.term_unit AS term_unit,
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
