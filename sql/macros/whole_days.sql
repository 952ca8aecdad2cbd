{#- Days of the programme zone that are covered completely by the counter days of the view `counter_days`.
    Settled: requested more than settling_days after the day, when the nightly re-load has ended. -#}
SELECT
    counter_id,
    day,
    min(dateDiff('day', day, requested_day)) > {{ settling_days }} AS is_settled,
    max(requested_day) AS requested_on
FROM
(
    SELECT
        counter_id,
        requested_day,
        arrayJoin(arrayMap(
            i -> toDate(from_at, {{ time_zone | literal }}) + i,
            range(toUInt32(dateDiff(
                'day',
                toDate(from_at, {{ time_zone | literal }}),
                toDate(until_at - 1, {{ time_zone | literal }})
            )) + 1)
        )) AS day,
        greatest(from_at, toDateTime(day, {{ time_zone | literal }})) AS overlap_from,
        least(until_at, toDateTime(day + 1, {{ time_zone | literal }})) AS overlap_until
    FROM
    (
        SELECT counter_id, from_at, until_at, toDate(requested_at, {{ time_zone | literal }}) AS requested_day
        FROM {{ counter_days }}
        WHERE counter_id IN (SELECT counter_id FROM reference.programme_sites)
    )
)
GROUP BY counter_id, day
HAVING sum(dateDiff('second', overlap_from, overlap_until))
    >= dateDiff(
        'second',
        toDateTime(day, {{ time_zone | literal }}),
        toDateTime(day + 1, {{ time_zone | literal }})
    )
