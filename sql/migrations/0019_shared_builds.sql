-- A build that would repeat the shown one is not made.
ALTER TABLE ops.mart_builds
    ADD COLUMN IF NOT EXISTS inputs String
        COMMENT 'SHA-256 всего, из чего посчитана сборка; пусто у сборки части витрин и в строках published';
