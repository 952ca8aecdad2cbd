-- Keys of a load that have rows with other values: how many, and sheet and line of the first of them.
SELECT count() AS keys, min(first) AS place
FROM
(
    SELECT min((sheet, line)) AS first
    FROM {{ kind.target }}
    WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
        AND toString({{ kind.key | last }}) != ''
    GROUP BY
        file_at
{%- for name in kind.key %},
        replaceRegexpAll(lowerUTF8(toString({{ name }})), '\\s+', '')
{%- endfor %}
    HAVING uniqExact(toString(tuple({{ values | join(', ') }}))) > 1
)
HAVING keys > 0
