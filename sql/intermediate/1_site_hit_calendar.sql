-- Days of the programme zone whose hits are loaded completely. Pages of other days are not counted.
{%- set counter_days = 'core.site_hit_days' %}
SELECT counter_id, day, loads
FROM
(
{% include 'macros/whole_days.sql' %}
)
