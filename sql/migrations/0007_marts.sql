-- What BI reads. Names, types and grains are an interface that BI relies on (docs/marts.md); BI shows the comments.
CREATE TABLE IF NOT EXISTS marts.indicators_monthly
(
    month Date COMMENT 'Месяц, первый день',
    year UInt16 COMMENT 'Год',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    name String COMMENT 'Показатель',
    unit LowCardinality(String) COMMENT 'Единица измерения',
    numerator Nullable(Float64) COMMENT 'Числитель: что посчитано',
    denominator Nullable(Float64) COMMENT 'Знаменатель: от чего считается',
    fact Nullable(Float64) COMMENT 'Факт на конец месяца; пусто, если считать не из чего',
    plan Nullable(Float64) COMMENT 'План на год; пусто, если программа его не задаёт',
    final_plan Nullable(Float64) COMMENT 'План на последний год программы',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года',
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4)
        COMMENT 'Состояние: no_data нет данных, off_track отстаёт, at_risk под угрозой, on_track по плану, achieved достигнут',
    edition_date Nullable(Date) COMMENT 'Редакция программы, действующая на конец месяца',
    data_through Nullable(Date) COMMENT 'Последний день учтённых данных',
    computed_at DateTime('UTC') COMMENT 'Когда рассчитано'
)
ENGINE = MergeTree
ORDER BY (indicator, month)
COMMENT 'Показатели программы по месяцам: план, факт, прогноз, состояние';

CREATE TABLE IF NOT EXISTS marts.site_audience
(
    grain Enum8('day' = 1, 'week' = 2, 'month' = 3, 'quarter' = 4, 'year' = 5) COMMENT 'Период: день, неделя, месяц, квартал, год',
    period_start Date COMMENT 'Начало периода',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать между периодами',
    new_visitors UInt64 COMMENT 'Новые посетители',
    pageviews UInt64 COMMENT 'Просмотры страниц',
    bounces UInt64 COMMENT 'Отказы',
    bounce_share Nullable(Float64) COMMENT 'Доля отказов среди визитов, 0…1',
    average_visit_seconds Nullable(Float64) COMMENT 'Средняя длительность визита, секунд',
    is_settled Bool COMMENT 'Период закончен, и Метрика больше не уточняет его дни'
)
ENGINE = MergeTree
ORDER BY (grain, counter_id, period_start)
COMMENT 'Аудитория сайтов по дням, неделям, месяцам, кварталам и годам';

CREATE TABLE IF NOT EXISTS marts.site_sources_monthly
(
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    traffic_source LowCardinality(String)
        COMMENT 'Источник трафика по Метрике: organic поиск, direct прямые заходы, referral ссылки, social соцсети, ad реклама, internal внутренние',
    search_engine LowCardinality(String) COMMENT 'Поисковая система; пусто, если визит не из поиска',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать'
)
ENGINE = MergeTree
ORDER BY (month, counter_id, traffic_source, search_engine)
COMMENT 'Откуда приходят на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS marts.site_devices_monthly
(
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    device LowCardinality(String) COMMENT 'Устройство по Метрике: 1 компьютер, 2 телефон, 3 планшет, 4 телевизор',
    operating_system LowCardinality(String) COMMENT 'Операционная система',
    browser LowCardinality(String) COMMENT 'Браузер',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать'
)
ENGINE = MergeTree
ORDER BY (month, counter_id, device, operating_system, browser)
COMMENT 'С каких устройств приходят на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS marts.site_entry_pages_monthly
(
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    page String COMMENT 'Страница входа: узел и путь, без запроса',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать',
    bounce_share Nullable(Float64) COMMENT 'Доля отказов среди визитов, 0…1'
)
ENGINE = MergeTree
ORDER BY (month, counter_id, page)
COMMENT 'Страницы входа на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS marts.services_monthly
(
    month Date COMMENT 'Месяц, первый день; состояние на конец месяца',
    service_code String COMMENT 'Код услуги',
    service_name String COMMENT 'Услуга',
    level LowCardinality(String) COMMENT 'Уровень услуги: муниципальная или иная',
    is_active Bool COMMENT 'Услуга действует на конец месяца',
    is_electronic Bool COMMENT 'Заявление подаётся электронно'
)
ENGINE = MergeTree
ORDER BY (month, service_code)
COMMENT 'Каталог услуг на конец каждого месяца';

CREATE TABLE IF NOT EXISTS marts.service_applications_monthly
(
    month Date COMMENT 'Месяц подачи, первый день',
    service_code String COMMENT 'Код услуги',
    service_name String COMMENT 'Услуга',
    channel LowCardinality(String) COMMENT 'Канал подачи: ЕПГУ, РПГУ, МФЦ, лично, почта, прочее',
    is_electronic Bool COMMENT 'Подано электронно: ЕПГУ или РПГУ',
    status_group LowCardinality(String)
        COMMENT 'Состояние: in_progress в работе, provided оказана, refused отказ, withdrawn отозвано, unknown неизвестно',
    applications UInt64 COMMENT 'Заявлений',
    on_time UInt64 COMMENT 'Завершено в срок',
    overdue UInt64 COMMENT 'Просрочено: завершено позже срока или в работе после срока',
    average_days Nullable(Float64) COMMENT 'Календарных дней от подачи до завершения, в среднем',
    rated UInt64 COMMENT 'Оценённых заявлений',
    average_rating Nullable(Float64) COMMENT 'Средняя оценка, 1…5'
)
ENGINE = MergeTree
ORDER BY (month, service_code, channel, status_group)
COMMENT 'Заявления на услуги по месяцам подачи, каналам и состояниям';

CREATE TABLE IF NOT EXISTS marts.smev_requests_daily
(
    day Date COMMENT 'День отправки запроса',
    sender LowCardinality(String) COMMENT 'Отправитель, мнемоника СМЭВ',
    information_type String COMMENT 'Вид сведений: пространство имён',
    channel_class LowCardinality(String) COMMENT 'Канал: interagency межведомственный, portal заявления с ЕПГУ',
    requests UInt64 COMMENT 'Запросов получено',
    answered UInt64 COMMENT 'Из них с окончательным ответом, отказы включены',
    rejected UInt64 COMMENT 'Из них с отказом',
    overdue UInt64 COMMENT 'Из них отвечено позже срока или не отвечено в срок',
    repeats UInt64 COMMENT 'Повторных доставок',
    median_response_seconds Nullable(Float64) COMMENT 'Время ответа, секунд, медиана',
    p95_response_seconds Nullable(Float64) COMMENT 'Время ответа, секунд, 95-й процентиль'
)
ENGINE = MergeTree
ORDER BY (day, sender, information_type, channel_class)
COMMENT 'Запросы по СМЭВ по дням, отправителям и видам сведений';

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

CREATE TABLE IF NOT EXISTS marts.data_freshness
(
    source LowCardinality(String) COMMENT 'Источник: metrica сайт, gosuslugi услуги, smev СМЭВ, registers реестры',
    last_success_at Nullable(DateTime('UTC')) COMMENT 'Последняя удачная загрузка',
    data_through Nullable(Date) COMMENT 'Последний день данных',
    lag_days Nullable(UInt32) COMMENT 'Дней от последнего дня данных до дня расчёта',
    status LowCardinality(String) COMMENT 'Свежесть: fresh свежие, late опаздывают, missing нет'
)
ENGINE = MergeTree
ORDER BY source
COMMENT 'Свежесть данных по источникам';
