-- Share of departments that have all the equipment they need, %.
{% from 'macros/register_share.sql' import register_share %}
{{ register_share(
    "SELECT as_of, countIf(equipped >= required) AS part, count() AS whole"
        ~ " FROM core.departments GROUP BY as_of"
) }}
