    SELECT v.*, toDate(v.started_at, {{ time_zone | literal }}) AS day
    FROM core.site_visits AS v
    WHERE (counter_id, day) IN (SELECT counter_id, day FROM intermediate.site_calendar)
