-- Время визита или просмотра лежит в том дне, под которым он загружен, в каком-нибудь часовом поясе земли.
-- severity: warn
-- One that lies more than a day off is not counted.
{%- for view, time in {'site_visits': 'started_at', 'site_hits': 'happened_at'}.items() %}
SELECT '{{ view }}' AS what, counter_id, counter_day, count() AS rows, min({{ time }}) AS first_time
FROM core.{{ view }}
WHERE {{ time }} < toDateTime(counter_day, 'UTC') - INTERVAL 14 HOUR
    OR {{ time }} >= toDateTime(counter_day, 'UTC') + INTERVAL 36 HOUR
GROUP BY counter_id, counter_day
{{ 'UNION ALL' if not loop.last }}
{%- endfor %}
