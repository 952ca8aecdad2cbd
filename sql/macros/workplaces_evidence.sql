{#- Workplaces of the register by department; those for which `holds` is true, SQL over `w`,
    are the numerator. -#}
{% from 'macros/evidence.sql' import valued, named, files %}
{% macro workplaces_evidence(code, holds) -%}
WITH {{ files('registers') }}
SELECT
    m.month AS month,
    'workplaces' AS kind,
    if(w.department = '', 'Подразделение не указано', w.department) AS part,
    toFloat64(countIf({{ holds }})) AS numerator_part,
    toNullable(toFloat64(count())) AS denominator_part,
    arraySort(groupUniqArray(w.load_id)) AS load_ids,
    {{ named('groupUniqArray((w.load_id, w.sheet))') }} AS sources
FROM ({{ valued(code) }}) AS m
INNER JOIN core.workplaces AS w ON w.as_of = m.as_of
GROUP BY month, part
{%- endmacro %}
