-- Yandex.Metrica visits: one row a visit of a loaded counter day, under its load.
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
    city LowCardinality(String) COMMENT 'Город'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, visit_id)
COMMENT 'Визиты по загрузкам; читать только через core.site_visits';

CREATE TABLE IF NOT EXISTS core.metrica_days
(
    unit_key String COMMENT 'Счётчик и день счётчика',
    load_id UUID COMMENT 'Попытка загрузки',
    counter_id UInt32 COMMENT 'Счётчик',
    counter_day Date COMMENT 'День в часовом поясе счётчика',
    time_zone LowCardinality(String) COMMENT 'Часовой пояс счётчика',
    from_at DateTime('UTC') COMMENT 'Начало дня счётчика',
    until_at DateTime('UTC') COMMENT 'Конец дня счётчика, не включительно',
    requested_at DateTime('UTC') COMMENT 'Когда день заказан у Метрики'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id)
COMMENT 'Дни счётчиков по загрузкам, и пустые тоже; читать через core.site_days';
