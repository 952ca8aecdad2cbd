-- One row per application in its newest state (docs/files.md#какая-строка-побеждает). The newest status date
-- wins, then a removal, then a final status over an open one, then the later file, then the later row. An
-- application whose newest state is a removal is left out.
SELECT
    portal,
    application_key,
    newest.1 AS service_code,
    newest.2 AS filed_on,
    newest.3 AS channel,
    newest.4 AS status_group,
    newest.5 AS finished_on,
    newest.6 AS due_on,
    newest.7 AS due_working_days,
    newest.8 AS rating,
    newest.9 AS status_at,
    newest.10 AS load_id,
    newest.11 AS sheet
FROM
(
    SELECT
        portal,
        application_key,
        argMax(
            (
                service_code, filed_on, channel, status_group,
                finished_on, due_on, due_working_days, rating, status_at, load_id, sheet
            ),
            (
                status_at,
                multiIf(
                    status_group = 'removed', 2,
                    status_group IN ('provided', 'refused', 'withdrawn'), 1,
                    0
                ),
                file_at, arrived_at, unit_key, sheet, line
            )
        ) AS newest
    FROM core.service_application_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
    GROUP BY portal, application_key
)
WHERE status_group != 'removed'
