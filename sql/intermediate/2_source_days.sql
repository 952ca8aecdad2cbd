-- Days that the data of each source speak of, without days after today. Those of one source are selected by
-- sql/intermediate/reach/<source>.sql.
SELECT DISTINCT source, day
FROM
(
{%- for source in sources %}
    SELECT {{ source | literal }} AS source, toDate(day) AS day
    FROM
    (
{% include 'intermediate/reach/' ~ source ~ '.sql' %}
    ){{ ' UNION ALL' if not loop.last }}
{%- endfor %}
)
WHERE day <= toDate({{ today | literal }})
