-- The rows of the same loads in each table that holds some.
WITH published AS
(
    SELECT unit_key, load_id FROM ops.load_events
    WHERE source = {source:String} AND dataset = {dataset:String}
        AND status = 'published' AND at >= {since:DateTime64(6, 'UTC')}
)
SELECT name, number
FROM
(
{% for table in tables %}
    {{ "UNION ALL" if not loop.first }}
    SELECT '{{ table }}' AS name, count() AS number FROM {{ table }}
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM published)
{% endfor %}
)
WHERE number > 0
ORDER BY name
