-- Site × month × device × operating system × browser.
SELECT
    toStartOfMonth(v.day) AS month,
    v.counter_id AS counter_id,
    s.name AS site,
    v.device AS device,
    v.operating_system AS operating_system,
    v.browser AS browser,
    count() AS visits,
    uniqExact(v.visitor) AS visitors
FROM
(
{% include 'macros/visits.sql' %}
) AS v
INNER JOIN reference.programme_sites AS s ON s.counter_id = v.counter_id
GROUP BY month, counter_id, site, device, operating_system, browser
