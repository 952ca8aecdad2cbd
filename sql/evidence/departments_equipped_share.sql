-- Departments of the register: 1 of 1 where all that is required is there.
{% from 'macros/evidence.sql' import valued, named, files %}
WITH {{ files('registers') }}
SELECT
    m.month AS month,
    'department' AS kind,
    d.department AS part,
    toFloat64(d.equipped >= d.required) AS numerator_part,
    toNullable(1.0) AS denominator_part,
    [d.load_id] AS load_ids,
    {{ named('[(d.load_id, d.sheet)]') }} AS sources
FROM ({{ valued('departments_equipped_share') }}) AS m
INNER JOIN core.departments AS d ON d.as_of = m.as_of
