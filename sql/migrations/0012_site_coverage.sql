-- Coverage is told by site, not by counter: counters that replaced each other are one site. Each build
-- fills it.
DROP TABLE IF EXISTS marts.data_coverage SYNC;

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
