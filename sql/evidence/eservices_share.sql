-- Municipal services that are active at the month's end: 1 of 1 where they can be applied for electronically.
{% from 'macros/evidence.sql' import valued, named, files %}
WITH {{ files('gosuslugi') }}
SELECT
    m.month AS month,
    'service' AS kind,
    concat(s.service_code, ' ', s.service_name) AS part,
    toFloat64(s.is_electronic) AS numerator_part,
    toNullable(1.0) AS denominator_part,
    [s.load_id] AS load_ids,
    {{ named('[(s.load_id, s.sheet)]') }} AS sources
FROM ({{ valued('eservices_share') }}) AS m
INNER JOIN
(
{% include 'macros/services.sql' %}
) AS s ON s.month = m.month
WHERE s.is_active AND startsWith(s.level, 'муницип')
