-- Sheets of a load whose sums are those of all its other sheets together, of the same date and year.
SELECT min(sheet) AS sheet
FROM
(
    SELECT
        sheet, {{ (common + kind.summed) | join(', ') }},
        count() OVER of_day AS sheets, uniqExact(rows) OVER of_day AS sizes
{%- for name in kind.summed %},
        sum({{ name }}) OVER of_day AS all_{{ name }}
{%- endfor %}
    FROM
    (
        SELECT
            sheet, {{ common | join(', ') }}, count() AS rows
{%- for name in kind.summed %},
            toFloat64(sum(t.{{ name }})) AS {{ name }}
{%- endfor %}
        FROM {{ kind.target }} AS t
        WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
            AND toString({{ kind.key | last }}) != ''
        GROUP BY sheet, {{ common | join(', ') }}
    )
    WINDOW of_day AS (PARTITION BY {{ common | join(', ') }})
)
-- Two sheets may be copies, small numbers are equal by chance.
WHERE sheets > 1 AND sizes > 1
{%- for name in kind.summed %}
    AND {{ name }} >= 10 AND abs(all_{{ name }} - 2 * {{ name }}) < 0.01
{%- endfor %}
GROUP BY {{ common | join(', ') }}
