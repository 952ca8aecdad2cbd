-- Which kinds of tables each load held, empty ones too: an empty register of events means 0 events, no register none.
CREATE TABLE IF NOT EXISTS core.loaded_tables
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги или файл архива',
    kind LowCardinality(String) COMMENT 'Что за таблица: applications, catalogue, workplaces, departments, events, budget'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet)
COMMENT 'Таблицы, найденные в загруженных файлах';
