-- A number for a load: sets and joins of numbers cost the engine a tenth of those of texts and UUIDs.
ALTER TABLE ops.load_events
    ADD COLUMN IF NOT EXISTS load_number UInt64 MATERIALIZED sipHash64(load_id)
        COMMENT 'Номер загрузки: хеш load_id',
    ADD COLUMN IF NOT EXISTS unit_number UInt64 MATERIALIZED sipHash64(source, dataset, unit_key)
        COMMENT 'Номер единицы загрузки: хеш источника, вида и ключа',
    ADD COLUMN IF NOT EXISTS place UInt128
        MATERIALIZED bitShiftLeft(toUInt128(toUnixTimestamp64Micro(at)), 65)
            + bitShiftLeft(toUInt128(sipHash64(load_id)), 1) + toUInt8(status = 'published')
        COMMENT 'Место события в порядке единицы: время, номер загрузки и 1 у published';

ALTER TABLE core.metrica_visits
    ADD COLUMN IF NOT EXISTS load_number UInt64 MATERIALIZED sipHash64(load_id)
        COMMENT 'Номер загрузки: хеш load_id';

ALTER TABLE core.metrica_hits
    ADD COLUMN IF NOT EXISTS load_number UInt64 MATERIALIZED sipHash64(load_id)
        COMMENT 'Номер загрузки: хеш load_id';

ALTER TABLE core.metrica_days
    ADD COLUMN IF NOT EXISTS load_number UInt64 MATERIALIZED sipHash64(load_id)
        COMMENT 'Номер загрузки: хеш load_id';

ALTER TABLE core.smev_event_rows
    ADD COLUMN IF NOT EXISTS load_number UInt64 MATERIALIZED sipHash64(load_id)
        COMMENT 'Номер загрузки: хеш load_id';

-- What the rows of a site's period are made from: a build takes over those of which nothing changed.
ALTER TABLE intermediate.site_calendar
    ADD COLUMN IF NOT EXISTS loads UInt64 COMMENT 'Хеш загрузок, которыми день покрыт';

ALTER TABLE intermediate.site_hit_calendar
    ADD COLUMN IF NOT EXISTS loads UInt64 COMMENT 'Хеш загрузок, которыми день покрыт';

CREATE TABLE IF NOT EXISTS intermediate.wanted_periods
(
    mart LowCardinality(String) COMMENT 'Витрина',
    grain LowCardinality(String) COMMENT 'Период: day, week, month, quarter, year',
    counter_id UInt32 COMMENT 'Счётчик',
    period_start Date COMMENT 'Первый день периода',
    period_end Date COMMENT 'Последний день периода',
    is_settled Bool COMMENT 'Период больше не изменится',
    site String COMMENT 'Название сайта',
    made_from UInt64 COMMENT 'Хеш всего, из чего посчитаны строки'
)
ENGINE = MergeTree
ORDER BY (mart, grain, counter_id, period_start)
COMMENT 'Периоды сайтов, которые должны быть в витринах, и из чего они считаются';

ALTER TABLE mart_rows.site_audience
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE mart_rows.site_sources_monthly
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE mart_rows.site_devices_monthly
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE mart_rows.site_entry_pages_monthly
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE mart_rows.metrica_reconciliation
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE mart_rows.site_pages_monthly
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитана строка; читателям не виден';

ALTER TABLE intermediate.first_visits
    ADD COLUMN IF NOT EXISTS made_from UInt64
        COMMENT 'Хеш всего, из чего посчитаны день и дни до него';

CREATE TABLE IF NOT EXISTS intermediate.wanted_days
(
    year UInt16 COMMENT 'Год',
    site_id UInt32 COMMENT 'Сайт: последний из счётчиков, сменивших друг друга',
    day Date COMMENT 'Сопоставленный день года',
    base_day Date COMMENT 'День базового года, с которым он сравнивается',
    made_from UInt64 COMMENT 'Хеш всего, из чего посчитаны день и дни до него',
    since Nullable(Date) COMMENT 'С какого дня года первые визиты считаются заново; пусто — год не изменился'
)
ENGINE = MergeTree
ORDER BY (year, site_id, day)
COMMENT 'Сопоставленные дни сайтов, и из чего считаются их первые визиты';

CREATE TABLE IF NOT EXISTS intermediate.base_visitors
(
    site_id UInt32 COMMENT 'Сайт: последний из счётчиков, сменивших друг друга',
    visitors UInt64 COMMENT 'Посетители за базовый год',
    made_from UInt64 COMMENT 'Хеш всего, из чего посчитана строка'
)
ENGINE = MergeTree
ORDER BY site_id
COMMENT 'Посетители сайтов за весь базовый год';
