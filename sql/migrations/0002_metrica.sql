-- Yandex.Metrica: rows of loaded counter days, under their load; log requests and runs.
CREATE TABLE IF NOT EXISTS core.metrica_visits
(
    unit_key String COMMENT 'Счётчик и день счётчика, 12345678/2024-03-05',
    load_id UUID COMMENT 'Попытка загрузки',
    part UInt32 COMMENT 'Часть выгрузки',
    line UInt64 COMMENT 'Строка части, заголовок — первая',
    counter_id UInt32 COMMENT 'Счётчик',
    visit_id UInt64 COMMENT 'Визит; единствен лишь в пределах года',
    started_at DateTime('UTC') COMMENT 'Начало визита',
    counter_user_id_hash UInt64 COMMENT 'Посетитель по Метрике; 0 — не определён',
    client_id UInt64 COMMENT 'Анонимный идентификатор браузера',
    is_new_user Bool COMMENT 'Первый визит посетителя',
    is_bounce Bool COMMENT 'Отказ',
    page_views Int32 COMMENT 'Просмотров',
    visit_duration_seconds UInt32 COMMENT 'Длительность, секунд',
    start_url String COMMENT 'Страница входа',
    end_url String COMMENT 'Страница выхода',
    referer String COMMENT 'Откуда пришли',
    traffic_source LowCardinality(String) COMMENT 'Источник трафика, последний значимый',
    search_engine LowCardinality(String) COMMENT 'Поисковая система, последняя значимая',
    device LowCardinality(String) COMMENT 'Устройство: 1 компьютер, 2 телефон, 3 планшет, 4 телевизор',
    operating_system LowCardinality(String) COMMENT 'Операционная система',
    browser LowCardinality(String) COMMENT 'Браузер',
    city LowCardinality(String) COMMENT 'Город',
    goals Array(UInt32) COMMENT 'Достигнутые цели, номера по порядку достижения',
    parameters Array(String) COMMENT 'Параметры визита, первый уровень'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, visit_id)
SETTINGS min_parts_to_merge_at_once = 8
COMMENT 'Визиты по загрузкам; читать только через core.site_visits';

CREATE TABLE IF NOT EXISTS core.metrica_hits
(
    unit_key String COMMENT 'Счётчик и день счётчика, 12345678/2024-03-05',
    load_id UUID COMMENT 'Попытка загрузки',
    part UInt32 COMMENT 'Часть выгрузки',
    line UInt64 COMMENT 'Строка части, заголовок — первая',
    counter_id UInt32 COMMENT 'Счётчик',
    watch_id UInt64 COMMENT 'Событие',
    visit_id UInt64 COMMENT 'Визит; 0 у событий до 10.10.2025: тогда Метрика его не отдавала',
    happened_at DateTime('UTC') COMMENT 'Время события',
    counter_user_id_hash UInt64 COMMENT 'Посетитель по Метрике; 0 — не определён',
    client_id UInt64 COMMENT 'Анонимный идентификатор браузера',
    is_page_view Bool COMMENT 'Просмотр страницы',
    is_download Bool COMMENT 'Загрузка файла',
    is_link Bool COMMENT 'Переход по внешней ссылке',
    url String COMMENT 'Адрес страницы или файла',
    referer String COMMENT 'Откуда пришли',
    http_error LowCardinality(String) COMMENT 'Код ошибки страницы, если была'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, watch_id)
SETTINGS min_parts_to_merge_at_once = 8
COMMENT 'События сайтов по загрузкам; читать только через core.site_hits';

CREATE TABLE IF NOT EXISTS core.metrica_days
(
    unit_key String COMMENT 'Счётчик и день счётчика',
    load_id UUID COMMENT 'Попытка загрузки',
    counter_id UInt32 COMMENT 'Счётчик',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    time_zone LowCardinality(String) COMMENT 'Часовой пояс счётчика',
    from_at DateTime('UTC') COMMENT 'Начало дня счётчика',
    until_at DateTime('UTC') COMMENT 'Конец дня счётчика, не включительно',
    requested_at DateTime('UTC') COMMENT 'Когда день заказан у Метрики',
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    settling_days UInt16 DEFAULT 3
        COMMENT 'Сколько суток по паспорту Метрика уточняла день, когда он заказан'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id)
COMMENT 'Дни счётчиков по загрузкам, и пустые тоже; читать через core.site_days';

CREATE TABLE IF NOT EXISTS core.metrica_reported_days
(
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    visits UInt64 COMMENT 'Визиты по отчёту',
    users UInt64 COMMENT 'Посетители по отчёту',
    pageviews UInt64 COMMENT 'Просмотры страниц по отчёту',
    is_sampled Bool COMMENT 'Отчёт посчитан по выборке',
    sample_share Float64 COMMENT 'Доля визитов в выборке, 0…1',
    reported_at DateTime('UTC') COMMENT 'Когда получен отчёт; верен последний'
)
ENGINE = MergeTree
ORDER BY (counter_id, counter_day, reported_at)
COMMENT 'Дни счётчиков по отчётам Метрики (Reporting API, accuracy=full)';

CREATE TABLE IF NOT EXISTS ops.metrica_reloads
(
    counter_id UInt32 COMMENT 'Счётчик',
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    counter_day Date COMMENT 'День счётчика',
    load_id UUID COMMENT 'Новая загрузка дня',
    previous_load_id UUID COMMENT 'Загрузка, которую она сменила',
    hours_before UInt32 COMMENT 'Часов от конца дня до заказа прежней загрузки',
    hours_after UInt32 COMMENT 'Часов от конца дня до заказа новой загрузки',
    rows_before UInt64 COMMENT 'Строк в прежней загрузке',
    rows_after UInt64 COMMENT 'Строк в новой загрузке',
    gone UInt64 COMMENT 'Исчезло: были в прежней, нет в новой',
    added UInt64 COMMENT 'Добавилось: нет в прежней, есть в новой',
    changed UInt64 COMMENT 'Изменилось: есть в обеих, значения разные'
)
ENGINE = MergeTree
ORDER BY (counter_id, source, counter_day, load_id)
COMMENT 'Что изменила каждая повторная загрузка дня; кривая — ops.metrica_settling';

CREATE TABLE IF NOT EXISTS ops.metrica_request_events
(
    counter_id UInt32 COMMENT 'Счётчик',
    source LowCardinality(String) COMMENT 'Что заказано: visits визиты, hits события',
    request_id UInt64 COMMENT 'Номер запроса у Метрики; 0 — ещё не известен',
    at DateTime64(6, 'UTC') COMMENT 'Когда записано',
    event Enum8(
        'ordering' = 1, 'ordered' = 2, 'published' = 3, 'cleaned' = 4, 'given_up' = 5, 'lost' = 6
    )
        COMMENT 'ordering сейчас закажем, ordered заказан, published опубликован, cleaned удалён нами после публикации, given_up отдан без публикации или не принят, lost завершён Метрикой без нас',
    date1 Date COMMENT 'Первый день счётчика',
    date2 Date COMMENT 'Последний день счётчика, включительно',
    fields_hash String COMMENT 'SHA-256 имён полей, по алфавиту через запятую',
    attribution LowCardinality(String) COMMENT 'Модель атрибуции',
    ordered_at DateTime64(6, 'UTC') COMMENT 'Когда заказ отправлен Метрике',
    known_up_to UInt64 COMMENT 'Наибольший номер запроса счётчика перед заказом: наш будет больше',
    run_id String COMMENT 'Запуск Airflow',
    message String COMMENT 'Пояснение для инженера данных'
)
ENGINE = MergeTree
ORDER BY (counter_id, source, request_id, at)
COMMENT 'Журнал наших запросов к Logs API: намерение до заказа, номер после него и что с запросом стало';

CREATE TABLE IF NOT EXISTS ops.metrica_storage_snapshots
(
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда Метрика показала список запросов',
    request_id UInt64 COMMENT 'Номер запроса; 0 — ни один запрос места не занимает',
    source LowCardinality(String) COMMENT 'visits визиты, hits события',
    date1 Date COMMENT 'Первый день',
    date2 Date COMMENT 'Последний день, включительно',
    status LowCardinality(String) COMMENT 'Состояние словом Метрики',
    size UInt64 COMMENT 'Занято, байт; 0, пока запрос готовится',
    owner Enum8('ours' = 1, 'foreign' = 2)
        COMMENT 'ours заказан нами, foreign — другой программой или человеком'
)
ENGINE = MergeTree
ORDER BY (counter_id, at, request_id)
COMMENT 'Незавершённые и неочищенные запросы счётчиков, снимок в начале каждого запуска';

CREATE TABLE IF NOT EXISTS ops.metrica_run_events
(
    source LowCardinality(String) COMMENT 'Что грузит запуск: visits визиты, hits события',
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда записано',
    event Enum8('planned' = 1, 'completed' = 2) COMMENT 'planned дни намечены, completed все опубликованы',
    run_id String COMMENT 'Запуск Airflow',
    date_from Nullable(Date) COMMENT 'Параметр date_from; NULL у ночного запуска',
    date_to Nullable(Date) COMMENT 'Параметр date_to; NULL — по вчерашний день',
    forced Bool COMMENT 'Параметр force: всё заново',
    begun_at DateTime64(6, 'UTC')
        COMMENT 'Начало первого из запусков, которые этот продолжает: день, опубликованный позже, готов',
    days Array(Date) COMMENT 'Дни счётчика, которые должны быть опубликованы'
)
ENGINE = MergeTree
ORDER BY (source, counter_id, at)
COMMENT 'События запусков: что намечено и что закончено, по счётчикам';
