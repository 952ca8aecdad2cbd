(
    role Enum8('headline' = 1, 'preliminary' = 2)
        COMMENT 'Роль месяца: headline итог, последний завершённый; preliminary предварительно, месяц, который идёт',
    month Date COMMENT 'Месяц, первый день',
    year UInt16 COMMENT 'Год',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    numerator Nullable(Float64) COMMENT 'Числитель: что посчитано',
    denominator Nullable(Float64) COMMENT 'Знаменатель: от чего считается',
    fact Nullable(Float64) COMMENT 'Факт; пусто, если считать не из чего или источник не дошёл до месяца',
    plan Nullable(Float64) COMMENT 'План на год; пусто, если программа его не задаёт',
    final_plan Nullable(Float64) COMMENT 'План на последний год программы',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года',
    due_year Nullable(UInt16) COMMENT 'Год цели: ближайший, на который редакция задаёт план',
    goal Nullable(Float64) COMMENT 'Цель: план на этот год; пусто, если плана больше нет',
    forecast_due Nullable(Float64) COMMENT 'Прогноз на конец года цели',
    expected Nullable(Float64) COMMENT 'Сколько должно быть к этому дню на прямой к цели',
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4)
        COMMENT 'Состояние: no_data нет данных, off_track отстаёт, at_risk под угрозой, on_track по плану, achieved достигнут',
    is_complete Bool COMMENT 'Посчитано по последний день месяца; у долей — всегда',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец месяца',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных',
    computed_at DateTime('UTC') COMMENT 'Когда рассчитано',
    is_reached Bool COMMENT 'Источник дошёл до этого месяца; у долей и мероприятий — всегда: это состояния',
    note String COMMENT 'На какой день; или что данных нет'
)
AS
-- The one place that says which month is the headline (docs/indicators.md#последний-завершённый-месяц): the
-- last one in which nothing that is counted is partial, and something is counted to its end. The last month
-- after it is preliminary.
WITH
    ['январь', 'февраль', 'март', 'апрель', 'май', 'июнь', 'июль', 'август', 'сентябрь', 'октябрь', 'ноябрь',
        'декабрь'] AS names,
    reached AS
    (
        SELECT
            *,
            indicator IN ('site_visitors_growth', 'smev_requests') AS is_read_from_log,
            NOT is_read_from_log OR ifNull(data_through >= month, false) AS is_reached
        FROM marts.indicators_monthly
    ),
    complete AS
    (
        SELECT month
        FROM reached
        GROUP BY month
        HAVING countIf(is_reached AND NOT is_complete) = 0
            AND (countIf(is_read_from_log) = 0 OR countIf(is_read_from_log AND is_complete) > 0)
    ),
    (SELECT maxOrNull(month) FROM complete) AS headline,
    (SELECT maxOrNull(month) FROM marts.indicators_monthly) AS newest
SELECT
    if(r.month = headline, 'headline', 'preliminary') AS role,
    r.month AS month,
    r.year AS year,
    r.indicator AS indicator,
    r.name AS name,
    r.unit AS unit,
    if(r.is_reached, r.numerator, NULL) AS numerator,
    if(r.is_reached, r.denominator, NULL) AS denominator,
    if(r.is_reached, r.fact, NULL) AS fact,
    r.plan AS plan,
    r.final_plan AS final_plan,
    if(r.is_reached, r.forecast, NULL) AS forecast,
    r.due_year AS due_year,
    r.goal AS goal,
    if(r.is_reached, r.forecast_due, NULL) AS forecast_due,
    if(r.is_reached, r.expected, NULL) AS expected,
    if(r.is_reached, toString(r.status), 'no_data') AS status,
    r.is_complete AS is_complete,
    r.edition_date AS edition_date,
    r.data_through AS data_through,
    r.computed_at AS computed_at,
    r.is_reached AS is_reached,
    multiIf(
        NOT r.is_reached, concat('нет данных за ', names[toMonth(r.month)]),
        r.fact IS NULL, 'нет данных',
        r.data_through IS NULL, '',
        r.is_read_from_log, formatDateTime(assumeNotNull(r.data_through), 'по %d.%m.%Y'),
        formatDateTime(assumeNotNull(r.data_through), 'на %d.%m.%Y')
    ) AS note
FROM reached AS r
WHERE r.month = headline OR r.month = newest
COMMENT 'Показатели двух месяцев: итог последнего завершённого и, если есть, предварительно — того, что идёт'
