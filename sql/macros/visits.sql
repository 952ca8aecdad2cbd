{#- Published visits of days of the programme zone; `days` selects pairs of counter and day. -#}
{%- macro visits(days) -%}
    SELECT v.*, toDate(v.started_at, {{ time_zone | literal }}) AS day
    FROM core.site_visits AS v
    WHERE indexHint(v.unit_key IN ({{ units(days, 'core.site_days') }}))
        AND (counter_id, day) IN ({{ days }})
{%- endmacro %}

{#- The same of hits. -#}
{%- macro hits(days) -%}
    SELECT h.*, toDate(h.happened_at, {{ time_zone | literal }}) AS day
    FROM core.site_hits AS h
    WHERE indexHint(h.unit_key IN ({{ units(days, 'core.site_hit_days') }}))
        AND (counter_id, day) IN ({{ days }})
{%- endmacro %}

{#- What is loaded of these days: the engine then skips all other rows by the key of the table. -#}
{%- macro units(days, counter_days) -%}
SELECT unit_key FROM {{ counter_days }}
        WHERE (counter_id, toDate(from_at, {{ time_zone | literal }})) IN ({{ days }})
            OR (counter_id, toDate(until_at - 1, {{ time_zone | literal }})) IN ({{ days }})
{%- endmacro %}
