-- Share of workplaces with a PC and protection tools, %.
{% from 'macros/register_share.sql' import register_share %}
{{ register_share(
    "SELECT as_of, countIf(has_pc AND has_protection) AS part, count() AS whole"
        ~ " FROM core.workplaces GROUP BY as_of"
) }}
