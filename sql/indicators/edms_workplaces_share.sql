-- Share of workplaces on the electronic document system, %.
{% from 'macros/register_share.sql' import register_share %}
{{ register_share(
    "SELECT as_of, countIf(has_edms) AS part, count() AS whole"
        ~ " FROM core.workplaces GROUP BY as_of"
) }}
