-- Marts of the sites; BI shows the comments.
CREATE TABLE IF NOT EXISTS mart_rows.site_audience
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    grain Enum8('day' = 1, 'week' = 2, 'month' = 3, 'quarter' = 4, 'year' = 5)
        COMMENT 'Период: день, неделя, месяц, квартал, год',
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
PARTITION BY build
ORDER BY (grain, counter_id, period_start)
COMMENT 'Аудитория сайтов по дням, неделям, месяцам, кварталам и годам';

CREATE TABLE IF NOT EXISTS mart_rows.site_sources_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    traffic_source LowCardinality(String)
        COMMENT 'Источник трафика по Метрике: organic поиск, direct прямые заходы, referral ссылки, social соцсети, ad реклама, internal внутренние; undefined не определён, в том числе если Метрика не отдала поле (ops.load_warnings)',
    search_engine LowCardinality(String)
        COMMENT 'Поисковая система; пусто, если визит не из поиска или Метрика не отдала поле',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, counter_id, traffic_source, search_engine)
COMMENT 'Откуда приходят на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS mart_rows.site_devices_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    device LowCardinality(String)
        COMMENT 'Устройство по Метрике: 1 компьютер, 2 телефон, 3 планшет, 4 телевизор; пусто, если Метрика не отдала поле (ops.load_warnings)',
    operating_system LowCardinality(String)
        COMMENT 'Операционная система; пусто, если не определена или Метрика не отдала поле',
    browser LowCardinality(String)
        COMMENT 'Браузер; пусто, если не определён или Метрика не отдала поле',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, counter_id, device, operating_system, browser)
COMMENT 'С каких устройств приходят на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS mart_rows.site_entry_pages_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    page String
        COMMENT 'Страница входа: узел и путь, без запроса; пусто, если Метрика не отдала поле',
    visits UInt64 COMMENT 'Визиты',
    visitors UInt64 COMMENT 'Посетители; нельзя складывать',
    bounce_share Nullable(Float64) COMMENT 'Доля отказов среди визитов, 0…1'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, counter_id, page)
COMMENT 'Страницы входа на сайты, по месяцам';

CREATE TABLE IF NOT EXISTS mart_rows.site_pages_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    page String COMMENT 'Страница или файл: узел и путь, без запроса',
    pageviews UInt64 COMMENT 'Просмотры страницы',
    visitors UInt64 COMMENT 'Посетители, которые смотрели страницу или загружали файл; нельзя складывать',
    downloads UInt64 COMMENT 'Загрузки файла',
    exits UInt64 COMMENT 'Визиты, которые закончились на странице'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, counter_id, page)
COMMENT 'Страницы и файлы сайтов по месяцам, по дням, события которых загружены целиком';

CREATE TABLE IF NOT EXISTS mart_rows.metrica_reconciliation
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    day Date COMMENT 'День в часовом поясе счётчика',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    visits UInt64 COMMENT 'Визиты: загружено',
    reported_visits Nullable(UInt64) COMMENT 'Визиты: в отчёте Метрики; пусто, если день не сверялся',
    visitors UInt64 COMMENT 'Посетители: загружено',
    reported_visitors Nullable(UInt64) COMMENT 'Посетители: в отчёте Метрики',
    pageviews UInt64 COMMENT 'Просмотры страниц: загружено',
    reported_pageviews Nullable(UInt64) COMMENT 'Просмотры страниц: в отчёте Метрики',
    visits_difference Nullable(Float64)
        COMMENT 'Визиты: (загружено − в отчёте) / в отчёте; 0, если оба 0; пусто, если сравнить не с чем',
    visitors_difference Nullable(Float64) COMMENT 'Посетители: то же отклонение',
    pageviews_difference Nullable(Float64) COMMENT 'Просмотры страниц: то же отклонение',
    is_sampled Nullable(Bool) COMMENT 'Отчёт посчитан по выборке: отклонение может быть её погрешностью',
    sample_share Nullable(Float64) COMMENT 'Доля визитов в выборке отчёта, 0…1',
    is_within_tolerance Nullable(Bool)
        COMMENT 'Все три отклонения не больше 1 %; пусто, если день не сверялся',
    compared_at Nullable(DateTime('UTC')) COMMENT 'Когда получен отчёт Метрики'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (day, counter_id)
COMMENT 'Сверка загруженных визитов с отчётами Метрики по устоявшимся дням';
