{#- What Metrica itself reported last of each counter day: reported_at, visits, users, pageviews, is_sampled,
    sample_share. Of two answers of one moment the larger one: each reader must take the same. -#}
SELECT
    counter_id,
    counter_day,
    max((reported_at, visits, users, pageviews, is_sampled, sample_share)) AS newest
FROM core.metrica_reported_days
GROUP BY counter_id, counter_day
