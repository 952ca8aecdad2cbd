-- Site × month × entry page: host and path, without query.
{% from 'macros/page.sql' import page %}
SELECT
    toStartOfMonth(v.day) AS month,
    v.counter_id AS counter_id,
    s.name AS site,
    {{ page('v.start_url') }} AS page,
    count() AS visits,
    uniqExact(v.visitor) AS visitors,
    countIf(v.is_bounce) / count() AS bounce_share
FROM
(
{% include 'macros/visits.sql' %}
) AS v
INNER JOIN reference.programme_sites AS s ON s.counter_id = v.counter_id
GROUP BY month, counter_id, site, page
