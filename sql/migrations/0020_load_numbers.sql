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
