-- The failed checks of the newest build, where it is therefore not shown; `shown_at` is of what is.
SELECT
    (SELECT if(empty(marts), NULL, at) FROM ops.published_marts) AS shown_at,
    check,
    rows
FROM ops.checks
WHERE at = (SELECT max(at) FROM ops.checks) AND severity = 'fail' AND NOT passed
    AND (SELECT status FROM ops.built_marts) = 'built'
ORDER BY check
