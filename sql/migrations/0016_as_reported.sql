-- What was reported when a period was closed, and what readers saw of the indicators on any past day.
CREATE TABLE IF NOT EXISTS ops.closings
(
    closing_id UUID COMMENT 'Закрытие периода',
    period String COMMENT 'Период: 2026-09 месяц, 2026-Q3 квартал, 2026 год',
    period_start Date COMMENT 'Первый день периода',
    period_end Date COMMENT 'Последний день периода',
    version UInt8 COMMENT 'Версия: 1 первая, 2 уточнённая',
    closed_at DateTime('UTC') COMMENT 'Когда закрыт',
    closed_by String COMMENT 'Кто закрыл',
    built_at DateTime64(6, 'UTC') COMMENT 'Когда построены витрины, из которых взяты значения',
    reasons Map(String, String) COMMENT 'Причины отклонений: код показателя и текст',
    content FixedString(64) COMMENT 'SHA-256 значений, частей и причин: по нему узнаётся повтор'
)
ENGINE = MergeTree
ORDER BY (period_start, period_end, version)
COMMENT 'Закрытые периоды; строка здесь делает значения и части закрытия видимыми';

CREATE TABLE IF NOT EXISTS ops.closing_values
(
    closing_id UUID COMMENT 'Закрытие периода',
    month Date COMMENT 'Месяц, первый день',
    year UInt16 COMMENT 'Год',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    numerator Nullable(Float64) COMMENT 'Числитель',
    denominator Nullable(Float64) COMMENT 'Знаменатель',
    fact Nullable(Float64) COMMENT 'Факт',
    plan Nullable(Float64) COMMENT 'План на год',
    final_plan Nullable(Float64) COMMENT 'План на последний год программы',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года',
    due_year Nullable(UInt16) COMMENT 'Год цели',
    goal Nullable(Float64) COMMENT 'Цель',
    forecast_due Nullable(Float64) COMMENT 'Прогноз на конец года цели',
    expected Nullable(Float64) COMMENT 'Сколько должно быть к этому дню',
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4)
        COMMENT 'Состояние',
    is_complete Bool COMMENT 'Посчитано по последний день месяца',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец месяца',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных',
    computed_at DateTime('UTC') COMMENT 'Когда рассчитано'
)
ENGINE = MergeTree
ORDER BY (closing_id, indicator, month)
COMMENT 'Значения показателей в закрытых периодах: все месяцы по последний месяц периода';

CREATE TABLE IF NOT EXISTS ops.closing_parts
(
    closing_id UUID COMMENT 'Закрытие периода',
    month Date COMMENT 'Последний месяц периода, первый день',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    kind LowCardinality(String) COMMENT 'Что за часть, как в indicator_evidence',
    part String COMMENT 'Часть, из которой сложилось значение',
    numerator_part Nullable(Float64) COMMENT 'Её доля в числителе',
    denominator_part Nullable(Float64) COMMENT 'Её доля в знаменателе',
    load_ids Array(UUID) COMMENT 'Загрузки, из которых она взята',
    sources Array(String) COMMENT 'Файлы с листом, или счётчик и дни'
)
ENGINE = MergeTree
ORDER BY (closing_id, indicator, kind, part)
COMMENT 'Из чего сложились значения последнего месяца закрытых периодов';

CREATE TABLE IF NOT EXISTS ops.closing_funding
(
    closing_id UUID COMMENT 'Закрытие периода',
    year UInt16 COMMENT 'Год',
    plan Nullable(Decimal(18, 2)) COMMENT 'План по программе, рублей',
    executed Nullable(Decimal(18, 2)) COMMENT 'Кассовое исполнение, рублей',
    execution_share Nullable(Float64) COMMENT 'Исполнение к плану, 0…1',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец года'
)
ENGINE = MergeTree
ORDER BY (closing_id, year)
COMMENT 'Финансирование программы в закрытых периодах';

CREATE TABLE IF NOT EXISTS ops.closing_loads
(
    closing_id UUID COMMENT 'Закрытие периода',
    load_id UUID COMMENT 'Загрузка, из которой взята хотя бы одна часть',
    source LowCardinality(String) COMMENT 'Источник',
    dataset LowCardinality(String) COMMENT 'Что загружено под этим ключом',
    unit_key String COMMENT 'Ключ единицы загрузки: счётчик и день или хеш содержимого файла',
    unit String COMMENT 'Единица загрузки словами',
    loaded UInt64 COMMENT 'Строк загружено'
)
ENGINE = MergeTree
ORDER BY (closing_id, load_id)
COMMENT 'Загрузки, из которых взяты части закрытых периодов';

CREATE TABLE IF NOT EXISTS ops.indicator_history
(
    build UUID COMMENT 'Сборка, в которой строка стала такой',
    is_gone Bool COMMENT 'В этой сборке строки больше нет',
    month Date COMMENT 'Месяц, первый день',
    year UInt16 COMMENT 'Год',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    numerator Nullable(Float64) COMMENT 'Числитель',
    denominator Nullable(Float64) COMMENT 'Знаменатель',
    fact Nullable(Float64) COMMENT 'Факт',
    plan Nullable(Float64) COMMENT 'План на год',
    final_plan Nullable(Float64) COMMENT 'План на последний год программы',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года',
    due_year Nullable(UInt16) COMMENT 'Год цели',
    goal Nullable(Float64) COMMENT 'Цель',
    forecast_due Nullable(Float64) COMMENT 'Прогноз на конец года цели',
    expected Nullable(Float64) COMMENT 'Сколько должно быть к этому дню',
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4)
        COMMENT 'Состояние',
    is_complete Bool COMMENT 'Посчитано по последний день месяца',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец месяца',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных',
    computed_at DateTime('UTC') COMMENT 'Когда рассчитано: с этого расчёта строка такая'
)
ENGINE = MergeTree
ORDER BY (indicator, month, build)
COMMENT 'Изменившиеся строки показателей от сборки к сборке; читать через marts.indicators_as_of';
