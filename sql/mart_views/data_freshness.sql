(
    source LowCardinality(String)
        COMMENT 'Источник: metrica сайт, gosuslugi услуги, smev СМЭВ, registers реестры',
    last_success_at Nullable(DateTime('UTC')) COMMENT 'Последняя удачная загрузка',
    data_through Nullable(Date)
        COMMENT 'Последний день данных; у Метрики — того из наблюдаемых сайтов, который отстал',
    lag_days Nullable(UInt32) COMMENT 'Дней от последнего дня данных до сегодняшнего',
    status LowCardinality(String) COMMENT 'Свежесть: fresh свежие, late опаздывают, missing нет',
    missing_days UInt32
        COMMENT 'Незагруженных дней сайтов: базового года и с начала программы по вчерашний, пока сайт наблюдается',
    detail String COMMENT 'Каких сайтов и каких дней не хватает'
)
AS
-- Computed when it is read, so that it tells the truth also if nothing runs.
WITH
    (SELECT any(time_zone) FROM marts.data_coverage) AS zone,
    toDate(now('UTC'), if(zone = '', 'UTC', zone)) AS today,
    (day -> formatDateTime(day, '%d.%m.%Y')) AS shown,
    (first_day, last_day) -> greatest(0, dateDiff('day', first_day, last_day) + 1) AS days_of,
    members AS
    (
        SELECT
            *,
            coalesce(observed_from, makeDate(1970, 1, 1)) AS since,
            least(coalesce(observed_until, makeDate(2149, 1, 1)), today - 1) AS until,
            since <= today AND coalesce(observed_until, today) >= today AS is_observed,
            if(
                counter_id = 0,
                0,
                days_of(greatest(since, first_day), until)
                    + if(
                        baseline_year BETWEEN 1971 AND toYear(first_day) - 1,
                        days_of(
                            greatest(since, makeDate(baseline_year, 1, 1)),
                            least(until, makeDate(baseline_year, 12, 31))
                        ),
                        0
                    )
                    - toInt64(covered_days)
            ) AS missing,
            if(
                counter_id = 0 OR until < since OR ifNull(until <= data_through, false),
                [],
                [(if(data_through IS NULL, greatest(since, first_day), data_through + 1), until)]
            ) AS tail,
            arrayConcat(gaps, tail) AS spans
        FROM marts.data_coverage
    )
SELECT
    source,
    max(last_success_at) AS last_success_at,
    if(
        countIf(is_observed) > 0,
        minOrNullIf(data_through, is_observed),
        maxOrNull(data_through)
    ) AS data_through,
    toUInt32OrNull(toString(dateDiff('day', data_through, today))) AS lag_days,
    multiIf(data_through IS NULL, 'missing', lag_days > any(late_after_days), 'late', 'fresh') AS status,
    toUInt32(sum(greatest(0, missing))) AS missing_days,
    arrayStringConcat(
        groupArrayIf(
            concat(
                site,
                ': ',
                arrayStringConcat(
                    arrayFilter(
                        text -> text != '',
                        [
                            if(
                                missing > 0,
                                concat(
                                    'нет дней: ',
                                    toString(missing),
                                    ' (',
                                    arrayStringConcat(
                                        arrayMap(
                                            span -> if(
                                                span.1 = span.2,
                                                shown(span.1),
                                                concat(shown(span.1), '–', shown(span.2))
                                            ),
                                            arraySlice(spans, -5)
                                        ),
                                        ', '
                                    ),
                                    if(length(spans) > 5, ' и раньше', ''),
                                    ')'
                                ),
                                ''
                            ),
                            remark
                        ]
                    ),
                    '; '
                )
            ),
            site != '' AND (missing > 0 OR remark != '')
        ),
        '. '
    ) AS detail
FROM members
GROUP BY source
COMMENT 'Свежесть данных по источникам на момент чтения'
