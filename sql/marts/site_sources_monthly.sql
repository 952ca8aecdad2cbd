-- Site × month × last significant traffic source and search engine.
SELECT
    toStartOfMonth(v.day) AS month,
    v.counter_id AS counter_id,
    s.name AS site,
    v.traffic_source AS traffic_source,
    v.search_engine AS search_engine,
    count() AS visits,
    uniqExact(v.visitor) AS visitors
FROM
(
{% include 'macros/visits.sql' %}
) AS v
INNER JOIN reference.programme_sites AS s ON s.counter_id = v.counter_id
GROUP BY month, counter_id, site, traffic_source, search_engine
