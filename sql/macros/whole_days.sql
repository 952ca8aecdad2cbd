{#- Days of the programme zone that are covered completely by the counter days of the view `counter_days`,
    each as long as in the zone under which it was loaded; where they overlap, the hours count once.
    Settled: covered by days that were requested after the nightly re-load of their time had ended.
    loads: a number that tells from which loads it and the days beside it are covered: a row's time may lie
    on one of these. -#}
{%- macro covers(pieces) -%}
arrayFold(
        (until, piece) -> if(piece.1 <= until, greatest(until, piece.2), until),
        arraySort({{ pieces }}),
        day_from
    ) >= day_until
{%- endmacro -%}
SELECT
    counter_id,
    day,
    {{ covers('groupArrayIf(piece, is_piece_settled)') }} AS is_settled,
    maxIf(requested_day, piece.1 < day_until AND piece.2 > day_from) AS requested_on,
    sum(cityHash64(load_number, piece)) AS loads
FROM
(
    SELECT
        counter_id,
        requested_day,
        load_number,
        arrayJoin(arrayMap(
            i -> toDate(from_at, {{ time_zone | literal }}) + i - 1,
            range(toUInt32(dateDiff(
                'day',
                toDate(from_at, {{ time_zone | literal }}),
                toDate(until_at - 1, {{ time_zone | literal }})
            )) + 3)
        )) AS day,
        toUnixTimestamp(toDateTime(day, {{ time_zone | literal }})) AS day_from,
        toUnixTimestamp(toDateTime(day + 1, {{ time_zone | literal }})) AS day_until,
        (toUnixTimestamp(from_at), toUnixTimestamp(until_at)) AS piece,
        dateDiff('day', day, requested_day) > least(settled_after, {{ settling_days }}) AS is_piece_settled
    FROM
    (
        SELECT
            counter_id,
            load_number,
            from_at,
            until_at,
            toDate(requested_at, {{ time_zone | literal }}) AS requested_day,
            settling_days AS settled_after
        FROM {{ counter_days }}
        WHERE counter_id IN (SELECT counter_id FROM reference.programme_sites)
    )
)
GROUP BY counter_id, day, day_from, day_until
HAVING {{ covers('groupArray(piece)') }}
