{% from 'macros/missing_days.sql' import members -%}
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
    members AS
    (
        {{ members() | indent(8) }}
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
    toUInt32(sum(length(days))) AS missing_days,
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
                                notEmpty(days),
                                concat(
                                    'нет дней: ',
                                    toString(length(days)),
                                    ' (',
                                    arrayStringConcat(
                                        arrayMap(
                                            gap -> if(
                                                gap.1 = gap.2,
                                                shown(gap.1),
                                                concat(shown(gap.1), '–', shown(gap.2))
                                            ),
                                            arraySlice(gaps, -5)
                                        ),
                                        ', '
                                    ),
                                    if(length(gaps) > 5, ' и раньше', ''),
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
            site != '' AND (notEmpty(days) OR remark != '')
        ),
        '. '
    ) AS detail
FROM members
GROUP BY source
COMMENT 'Свежесть данных по источникам на момент чтения'
