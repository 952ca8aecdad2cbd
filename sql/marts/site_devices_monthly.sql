-- Site × month × device × operating system × browser.
{% from 'macros/periods.sql' import days_of, missing with context %}
{%- from 'macros/visits.sql' import visits with context %}
SELECT
    p.period_start AS month,
    p.counter_id AS counter_id,
    p.site AS site,
    v.device AS device,
    v.operating_system AS operating_system,
    v.browser AS browser,
    v.visits AS visits,
    v.visitors AS visitors,
    p.made_from AS made_from
FROM
(
    SELECT
        toStartOfMonth(day) AS month,
        counter_id,
        device,
        operating_system,
        browser,
        count() AS visits,
        uniqExact(visitor) AS visitors
    FROM
    (
        {{ visits(days_of('site_devices_monthly', 'month')) }}
    )
    GROUP BY month, counter_id, device, operating_system, browser
) AS v
INNER JOIN ({{ missing('site_devices_monthly', 'month') }}) AS p
    ON p.counter_id = v.counter_id AND p.period_start = v.month
