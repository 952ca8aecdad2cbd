-- First and last day of each source's data, without days after today, and its last published load.
-- For Metrica only visits count: no indicator is made of hits, and hits must not hide that visits are late.
WITH days AS
(
    SELECT 'metrica' AS source, day FROM core.site_calendar
    UNION ALL
    SELECT 'gosuslugi', arrayJoin([filed_on, toDate(status_at, {{ time_zone | literal }})])
    FROM core.service_applications
    UNION ALL
    SELECT 'gosuslugi', valid_from FROM core.service_catalogue
    UNION ALL
    SELECT 'gosuslugi', toDate(file_at, {{ time_zone | literal }}) FROM core.service_catalogue_rows
    WHERE is_dated
        AND (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
    UNION ALL
    SELECT 'smev', toDate(coalesce(sent_at, delivered_at, logged_at), {{ time_zone | literal }})
    FROM core.smev_events
    WHERE coalesce(sent_at, delivered_at, logged_at) IS NOT NULL
    UNION ALL
    SELECT 'registers', as_of FROM core.workplaces
    UNION ALL
    SELECT 'registers', as_of FROM core.departments
    UNION ALL
    SELECT 'registers', held_on FROM core.events
    UNION ALL
    SELECT 'registers', as_of FROM core.budget
),
reach AS
(
    SELECT source, minOrNull(day) AS data_from, maxOrNull(day) AS data_through
    FROM days
    WHERE day <= toDate({{ today | literal }})
    GROUP BY source
),
successes AS
(
    SELECT source, maxOrNull(toDateTime(at, 'UTC')) AS last_success_at
    FROM ops.load_events
    WHERE status = 'published' AND NOT (source = 'metrica' AND endsWith(unit_key, '/hits'))
    GROUP BY source
)
SELECT
    s.source AS source,
    r.data_from AS data_from,
    r.data_through AS data_through,
    l.last_success_at AS last_success_at
FROM (SELECT arrayJoin(['metrica', 'gosuslugi', 'smev', 'registers']) AS source) AS s
LEFT JOIN reach AS r ON r.source = s.source
LEFT JOIN successes AS l ON l.source = s.source
