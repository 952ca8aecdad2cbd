{#- Published visits of days of the programme zone; `days` selects pairs of counter and day. -#}
{%- macro visits(days) -%}
{{ rows('core.site_visits', 'started_at', days) }}
{%- endmacro %}

{#- The same of hits. -#}
{%- macro hits(days) -%}
{{ rows('core.site_hits', 'happened_at', days) }}
{%- endmacro %}

{#- By the key of the table the engine skips what was not loaded for these days or the days beside them: a
    counter's day in its own zone overlaps two of the programme's. A row whose time lies farther off is of no
    day; the check times_are_of_their_day finds it. -#}
{%- macro rows(view, time, days) -%}
    SELECT r.*, toDate({{ time }}, {{ time_zone | literal }}) AS day
    FROM {{ view }} AS r
    WHERE indexHint(r.unit_key IN
        (
            SELECT unit_key FROM core.metrica_days
            WHERE (counter_id, counter_day) IN
                (SELECT counter_id, arrayJoin([day - 1, day, day + 1]) FROM ({{ days }}))
        ))
        AND (counter_id, day) IN ({{ days }})
        AND day BETWEEN counter_day - 1 AND counter_day + 1
{%- endmacro %}
