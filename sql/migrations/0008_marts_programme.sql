-- Marts of the programme; BI shows the comments.
CREATE TABLE IF NOT EXISTS marts.indicators_monthly
(
    month Date COMMENT 'Месяц, первый день',
    year UInt16 COMMENT 'Год',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    numerator Nullable(Float64) COMMENT 'Числитель: что посчитано',
    denominator Nullable(Float64) COMMENT 'Знаменатель: от чего считается',
    fact Nullable(Float64)
        COMMENT 'Факт: посчитанное по день data_through, доли — на конец месяца; пусто, если считать не из чего',
    plan Nullable(Float64) COMMENT 'План на год; пусто, если программа его не задаёт',
    final_plan Nullable(Float64) COMMENT 'План на последний год программы',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года',
    due_year Nullable(UInt16)
        COMMENT 'Год цели: ближайший, не раньше года месяца, на который редакция задаёт план',
    goal Nullable(Float64) COMMENT 'Цель: план на этот год; пусто, если плана больше нет',
    forecast_due Nullable(Float64) COMMENT 'Прогноз на конец года цели',
    expected Nullable(Float64) COMMENT 'Сколько должно быть к этому дню на прямой к цели',
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4)
        COMMENT 'Состояние: no_data нет данных, off_track отстаёт, at_risk под угрозой, on_track по плану, achieved достигнут',
    is_complete Bool COMMENT 'Посчитано по последний день месяца; у долей — всегда',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец месяца',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных',
    computed_at DateTime('UTC') COMMENT 'Когда рассчитано'
)
ENGINE = MergeTree
ORDER BY (indicator, month)
COMMENT 'Показатели программы по месяцам: план, факт, прогноз, состояние';

CREATE TABLE IF NOT EXISTS marts.indicator_methods
(
    indicator String COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    method String COMMENT 'Код способа подсчёта',
    method_name String COMMENT 'Способ подсчёта',
    explanation String COMMENT 'Как считается показатель'
)
ENGINE = MergeTree
ORDER BY indicator
COMMENT 'Как считается каждый показатель программы';

CREATE TABLE IF NOT EXISTS marts.programme_funding_yearly
(
    year UInt16 COMMENT 'Год',
    plan Nullable(Decimal(18, 2)) COMMENT 'План по программе, рублей',
    executed Nullable(Decimal(18, 2)) COMMENT 'Кассовое исполнение на последнюю дату года, рублей',
    execution_share Nullable(Float64) COMMENT 'Исполнение к плану, 0…1',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец года'
)
ENGINE = MergeTree
ORDER BY year
COMMENT 'Финансирование программы по годам';

CREATE TABLE IF NOT EXISTS marts.data_coverage
(
    source LowCardinality(String)
        COMMENT 'Источник: metrica сайт, gosuslugi услуги, smev СМЭВ, registers реестры',
    counter_id UInt32 COMMENT 'Сайт: последний из счётчиков, сменивших друг друга; 0 у остальных источников',
    site String COMMENT 'Сайт; пусто у остальных источников',
    observed Array(Tuple(first_day Date, last_day Date))
        COMMENT 'Когда наблюдается каждый счётчик сайта, оба дня включительно',
    data_through Nullable(Date) COMMENT 'Последний день данных',
    missing Array(Date)
        COMMENT 'Дни базового года и с начала программы по день расчёта, когда сайт наблюдается, но не загружен',
    remark String COMMENT 'Что ещё сказать о сайте',
    last_success_at Nullable(DateTime('UTC')) COMMENT 'Последняя удачная загрузка источника',
    late_after_days UInt16 COMMENT 'Данные опаздывают, если последний день старше, дней',
    first_day Date COMMENT 'Первый день программы',
    built_on Date COMMENT 'День расчёта в поясе программы',
    time_zone LowCardinality(String) COMMENT 'Часовой пояс программы'
)
ENGINE = MergeTree
ORDER BY (source, counter_id)
COMMENT 'Докуда и с какими пропусками загружены источники и сайты; читать через data_freshness';
