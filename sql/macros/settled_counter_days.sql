{#- Counter days whose time had settled when they were requested, by the rule of their load, or by the present
    one where that is shorter. Of a day that was loaded under two time zones the later load. -#}
    SELECT
        counter_id,
        counter_day,
        argMax(unit_key, (requested_at, unit_key)) AS day_key,
        argMax(load_number, (requested_at, unit_key)) AS day_load,
        max(requested_at) AS last_requested_at
    FROM core.site_days
    WHERE requested_at >= until_at + toIntervalDay(least(settling_days, {{ settling_days }}))
    GROUP BY counter_id, counter_day
