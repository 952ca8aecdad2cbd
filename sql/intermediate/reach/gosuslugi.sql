-- Filing and status dates of applications, and days of export of catalogues; first days of services are
-- plans.
SELECT arrayJoin([filed_on, toDate(status_at, {{ time_zone | literal }})]) AS day
FROM core.service_applications
UNION ALL
SELECT toDate(file_at, {{ time_zone | literal }}) FROM core.service_catalogue_rows
WHERE is_dated
    AND (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
