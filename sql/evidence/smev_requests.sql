-- What is counted through the as-of day, by who sent it (of our own requests: to whom) and what it is about.
{% from 'macros/evidence.sql' import valued, named, files %}
{% from 'macros/smev_kinds.sql' import smev_kinds %}
WITH {{ files('smev') }},
days AS
(
    SELECT day, partner, namespace, count() AS n, groupUniqArrayArray(load_ids) AS load_ids
    FROM
    (
{% include 'macros/smev_days.sql' %}
    )
    GROUP BY day, partner, namespace
),
kinds AS
(
    {{ smev_kinds('days') }}
)
SELECT
    m.month AS month,
    'sender' AS kind,
    arrayStringConcat(
        arrayFilter(
            text -> text != '',
            [
                if(d.partner = '', 'Отправитель не указан', d.partner),
                if(k.of_kind = '', toString(d.namespace), k.kind.1)
            ]
        ),
        ', '
    ) AS part,
    toFloat64(sum(d.n)) AS numerator_part,
    CAST(NULL, 'Nullable(Float64)') AS denominator_part,
    arraySort(groupUniqArrayArray(d.load_ids)) AS load_ids,
    {{ named("arrayMap(one -> (one, ''), load_ids)") }} AS sources
FROM ({{ valued('smev_requests') }}) AS m
CROSS JOIN days AS d
LEFT JOIN kinds AS k ON k.of_kind = toString(d.namespace)
WHERE d.day <= m.as_of
    AND d.day >= makeDate({{ 'm.year' if spans['smev_requests'] == 'year' else first_year }}, 1, 1)
GROUP BY month, part
