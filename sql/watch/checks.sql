-- Checks that did not pass when they ran last. A check that is gone is no longer told of.
SELECT
    'check' AS kind,
    toString(name) AS subject,
    concat(severity, ' failed') AS state,
    concat(
        'Проверка данных не пройдена',
        if(severity = 'fail', '', ' (предупреждение)'),
        ': ',
        name,
        ', найдено строк: ',
        toString(found)) AS what,
    'витрины показателей' AS place,
    formatDateTime(failing_since, '%d.%m.%Y %H:%i', {{ time_zone | literal }}) AS since,
    'build_indicator_marts' AS about
FROM
(
    SELECT
        c.`check` AS name,
        max(c.at) AS last_at,
        toString(argMax(c.severity, c.at)) AS severity,
        argMax(c.passed, c.at) AS has_passed,
        argMax(c.rows, c.at) AS found,
        maxIf(c.at, c.passed) AS passed_at,
        arrayMin(arrayFilter(at -> at > passed_at, groupArrayIf(c.at, NOT c.passed))) AS failing_since
    FROM ops.checks AS c
    GROUP BY c.`check`
)
WHERE NOT has_passed AND last_at > (SELECT max(at) FROM ops.checks) - INTERVAL 6 HOUR
ORDER BY name
