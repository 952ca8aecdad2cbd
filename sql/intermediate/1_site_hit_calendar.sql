-- Days of the programme zone whose hits are loaded whole: pages of no other day are counted.
{%- set counter_days = 'core.site_hit_days' %}
SELECT counter_id, day
FROM
(
{% include 'macros/whole_days.sql' %}
)
