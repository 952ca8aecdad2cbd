-- The status of every indicator in the last complete month, or in the one under way where there is none;
-- the watch compares it with the one of the day before.
{%- from 'macros/words.sql' import word %}
SELECT
    'status' AS kind,
    toString(indicator) AS subject,
    toString(status) AS state,
    concat('Показатель «', name, '»: ', {{ word('status', labels.statuses) }}) AS what,
    concat(
        'факт ',
        ifNull(toString(round(fact, 2)), 'нет данных'),
        ', план на год ',
        ifNull(toString(round(plan, 2)), 'не задан'),
        ', прогноз ',
        ifNull(toString(round(forecast, 2)), 'нет данных'),
        ' ',
        unit) AS place,
    formatDateTime(month, '%m.%Y') AS since,
    toString(indicator) AS about
FROM marts.indicators_latest
WHERE role = (SELECT min(role) FROM marts.indicators_latest)
ORDER BY indicator
