-- What the way that the passport chose counts, by service: each service of a list is 1, electronic or not; of
-- applications the numbers filed.
{% from 'macros/evidence.sql' import valued, named, files %}
{% from 'macros/eservices.sql' import eservices %}
WITH {{ files('gosuslugi') }}
SELECT
    m.month AS month,
    'service' AS kind,
    concat(s.service_code, ' ', s.service_name) AS part,
    s.numerator_part AS numerator_part,
    toNullable(s.denominator_part) AS denominator_part,
    arraySort(arrayDistinct(arrayMap(place -> place.1, s.places))) AS load_ids,
    {{ named('s.places') }} AS sources
FROM ({{ valued('eservices_share') }}) AS m
INNER JOIN ({{ eservices(eservices_count) }}) AS s ON s.month = m.month
