-- Marts that were never built, not for more than a day, or not since something was published.
WITH
    (SELECT max(computed_at) FROM marts.indicators_monthly) AS built,
    (
        SELECT toDateTime(max(at), 'UTC') FROM ops.load_events
        WHERE status IN ('published', 'withdrawn')
    ) AS loaded,
    (at -> formatDateTime(at, '%d.%m.%Y %H:%i', {{ time_zone | literal }})) AS shown
SELECT
    'build' AS kind,
    'marts' AS subject,
    multiIf(built = 0, 'never', built < loaded, 'behind', 'old') AS state,
    multiIf(
        built = 0, 'Витрины ни разу не построены',
        built < loaded, concat('Витрины не пересчитаны после загрузки ', shown(loaded)),
        'Витрины не пересчитываются больше суток') AS what,
    'витрины показателей' AS place,
    if(built = 0, 'с самого начала', concat('последний пересчёт ', shown(built))) AS since,
    'build_indicator_marts' AS about
WHERE built = 0 OR built < loaded OR built < now('UTC') - INTERVAL 26 HOUR
