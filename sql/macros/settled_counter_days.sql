    SELECT counter_id, counter_day, requested_at
    FROM core.site_days
    WHERE requested_at >= until_at + toIntervalDay({{ settling_days }})
