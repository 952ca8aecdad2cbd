-- Marts that were never built, not for more than a day, or not since something was published.
WITH
    (SELECT max(computed_at) FROM marts.indicators_monthly) AS computed,
    -- Without a month there is no time of computing: then what the marts know of is the measure.
    (SELECT (count(), max(ifNull(last_success_at, toDateTime(1, 'UTC')))) FROM marts.data_coverage) AS known,
    if(computed = 0, known.2, computed) AS built,
    (
        SELECT toDateTime(max(at), 'UTC') FROM ops.load_events
        WHERE status IN ('published', 'withdrawn')
    ) AS loaded,
    known.1 = 0 AS is_missing,
    (at -> formatDateTime(at, '%d.%m.%Y %H:%i', {{ time_zone | literal }})) AS shown
SELECT
    'build' AS kind,
    'marts' AS subject,
    multiIf(is_missing, 'never', built < loaded, 'behind', 'old') AS state,
    multiIf(
        is_missing, 'Витрины ни разу не построены',
        built < loaded, concat('Витрины не пересчитаны после загрузки ', shown(loaded)),
        'Витрины не пересчитываются больше суток') AS what,
    'витрины показателей' AS place,
    if(computed = 0, 'с самого начала', concat('последний пересчёт ', shown(built))) AS since,
    'build_indicator_marts' AS about
WHERE is_missing OR built < loaded OR (computed != 0 AND built < now('UTC') - INTERVAL 26 HOUR)
