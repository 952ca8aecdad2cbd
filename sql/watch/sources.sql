-- Sources whose data are late or missing.
{%- from 'macros/words.sql' import word %}
SELECT
    'stale' AS kind,
    toString(source) AS subject,
    toString(status) AS state,
    concat(
        'Данные источника «',
        {{ word('source', labels.sources) }},
        '» ',
        {{ word('status', labels.freshness) }},
        if(detail = '', '', concat('. ', detail))) AS what,
    {{ word('source', labels.sources) }} AS place,
    if(
        data_through IS NULL,
        'не поступали ни разу',
        concat('последний день данных ', formatDateTime(assumeNotNull(data_through), '%d.%m.%Y'))) AS since,
    toString(source) AS about
FROM marts.data_freshness
WHERE status != 'fresh'
ORDER BY source
