{#- The entry of reference/smev_kinds.csv for each namespace of `rows`: of_kind, kind (name, term, unit). The
    longest one that it begins with, since versions follow. -#}
{% macro smev_kinds(rows) -%}
    SELECT n.namespace AS of_kind, argMax((k.name, k.term, k.unit), length(k.information_type)) AS kind
    FROM (SELECT DISTINCT toString(namespace) AS namespace FROM {{ rows }}) AS n
    CROSS JOIN reference.smev_kinds AS k
    WHERE n.namespace = k.information_type OR startsWith(n.namespace, concat(k.information_type, '/'))
    GROUP BY n.namespace
{%- endmacro %}
