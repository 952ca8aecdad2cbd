-- Metrica logs at full strength: goals and parameters of visits, hits, and what each re-load changed.
ALTER TABLE core.metrica_visits
    ADD COLUMN IF NOT EXISTS goals Array(UInt32) COMMENT 'Достигнутые цели, номера по порядку достижения',
    ADD COLUMN IF NOT EXISTS parameters Array(String) COMMENT 'Параметры визита, первый уровень';

-- A load leaves a part a block. Merged by twos and threes as they come, a large day would be written three times over.
ALTER TABLE core.metrica_visits MODIFY SETTING min_parts_to_merge_at_once = 8;

CREATE TABLE IF NOT EXISTS core.metrica_hits
(
    unit_key String COMMENT 'Счётчик, день счётчика и источник, 12345678/2024-03-05/hits',
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

ALTER TABLE core.metrica_days
    ADD COLUMN IF NOT EXISTS source LowCardinality(String) DEFAULT 'visits' COMMENT 'Что загружено: visits визиты, hits события';

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

-- The settling curve: how much of a day still changed when it was loaded again so many days after its end.
CREATE VIEW IF NOT EXISTS ops.metrica_settling
(
    counter_id UInt32 COMMENT 'Счётчик',
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    age_days UInt32 COMMENT 'Полных суток от конца дня до заказа прежней загрузки: дня такого возраста',
    reloads UInt64 COMMENT 'Повторных загрузок дней этого возраста',
    rows UInt64 COMMENT 'Строк в новых загрузках',
    gone UInt64 COMMENT 'Исчезло',
    added UInt64 COMMENT 'Добавилось',
    changed UInt64 COMMENT 'Изменилось',
    changing_share Nullable(Float64) COMMENT 'Доля строк, которые ещё изменились позже этого возраста, 0…1'
)
AS SELECT
    counter_id,
    source,
    toUInt32(intDiv(hours_before, 24)) AS age_days,
    count() AS reloads,
    sum(r.rows_after) AS rows,
    sum(r.gone) AS gone,
    sum(r.added) AS added,
    sum(r.changed) AS changed,
    if(rows = 0, NULL, (gone + added + changed) / rows) AS changing_share
FROM ops.metrica_reloads AS r
GROUP BY counter_id, source, age_days
ORDER BY counter_id, source, age_days
COMMENT 'Кривая устоявшихся данных: сколько строк дня ещё меняется, если день загружен в этом возрасте';
