-- Which build each mart shows, and what the data checks found in each build.
CREATE TABLE IF NOT EXISTS ops.mart_builds
(
    at DateTime64(6, 'UTC') COMMENT 'Когда это произошло',
    build UUID COMMENT 'Сборка',
    status Enum8('built' = 1, 'published' = 2)
        COMMENT 'Что произошло: built посчитана и ждёт проверки, published показана',
    marts Map(LowCardinality(String), UUID) COMMENT 'Строки какой сборки с этого времени у каждой витрины'
)
ENGINE = MergeTree
ORDER BY at
COMMENT 'Сборки витрин; последняя строка published разом решает, что видно во всех витринах';

CREATE TABLE IF NOT EXISTS ops.checks
(
    at DateTime64(6, 'UTC') COMMENT 'Когда проверено; у всех проверок одного прогона одинаково',
    check LowCardinality(String) COMMENT 'Проверка: имя файла в sql/checks',
    severity Enum8('warn' = 1, 'fail' = 2)
        COMMENT 'Что делает находка: warn только предупреждает, fail не даёт показать сборку',
    passed Bool COMMENT 'Ничего не найдено',
    rows UInt64 COMMENT 'Найдено строк',
    example String COMMENT 'Первая из них, без персональных данных'
)
ENGINE = MergeTree
ORDER BY (at, check)
COMMENT 'Проверки витрин: одна строка на проверку и прогон';
