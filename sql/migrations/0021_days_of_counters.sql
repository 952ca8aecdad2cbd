-- The counter's day of a row as a column of its own: it bounds where the days of a programme zone are read.
ALTER TABLE core.metrica_visits
    ADD COLUMN IF NOT EXISTS counter_day Date MATERIALIZED toDate(splitByChar('/', unit_key)[2])
        COMMENT 'День счётчика, под которым строка загружена';

ALTER TABLE core.metrica_hits
    ADD COLUMN IF NOT EXISTS counter_day Date MATERIALIZED toDate(splitByChar('/', unit_key)[2])
        COMMENT 'День счётчика, под которым строка загружена';
