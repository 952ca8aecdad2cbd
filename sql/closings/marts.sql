-- Which marts readers see: when they were published and built, whether a newer build waits, which checks of
-- the newest build failed, and whether something was loaded or withdrawn since they were built.
WITH
    (SELECT marts['indicators_monthly'] FROM ops.published_marts) AS shown
SELECT
    (SELECT at FROM ops.published_marts) AS shown_at,
    (SELECT min(at) FROM ops.mart_builds WHERE build = shown AND status = 'built') AS built_at,
    (SELECT status FROM ops.built_marts) = 'built' AS newer_waits,
    (
        SELECT groupArray(check) FROM ops.checks
        WHERE at = (SELECT max(at) FROM ops.checks) AND severity = 'fail' AND NOT passed
    ) AS failed_checks,
    (
        SELECT max(at) FROM ops.load_events WHERE status IN ('published', 'withdrawn')
    ) > built_at AS is_behind
