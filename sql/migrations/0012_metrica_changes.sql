-- What may change of a counter: how long Metrica corrects its days, and which fields it gives.
ALTER TABLE core.metrica_days
    ADD COLUMN IF NOT EXISTS settling_days UInt16 DEFAULT 3
        COMMENT 'Сколько суток по паспорту Метрика уточняла день, когда он заказан; у дней, загруженных раньше этого столбца, — 3';
