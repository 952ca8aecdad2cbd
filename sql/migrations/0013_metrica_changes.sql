-- What may change of a counter: how long Metrica corrects its days, and which fields it gives.
ALTER TABLE core.metrica_days
    ADD COLUMN IF NOT EXISTS settling_days UInt16 DEFAULT 3
        COMMENT 'Сколько суток по паспорту Метрика уточняла день, когда он заказан; у дней, загруженных раньше этого столбца, — 3';

ALTER TABLE marts.site_sources_monthly
    COMMENT COLUMN traffic_source
        'Источник трафика по Метрике: organic поиск, direct прямые заходы, referral ссылки, social соцсети, ad реклама, internal внутренние; undefined не определён, и там, где Метрика не отдала поле (ops.load_warnings, missing_field)',
    COMMENT COLUMN search_engine
        'Поисковая система; пусто, если визит не из поиска или Метрика не отдала поле (ops.load_warnings, missing_field)';

ALTER TABLE marts.site_devices_monthly
    COMMENT COLUMN device
        'Устройство по Метрике: 1 компьютер, 2 телефон, 3 планшет, 4 телевизор; пусто, если Метрика не отдала поле (ops.load_warnings, missing_field)',
    COMMENT COLUMN operating_system
        'Операционная система; пусто, если не определена или Метрика не отдала поле',
    COMMENT COLUMN browser
        'Браузер; пусто, если не определён или Метрика не отдала поле';

ALTER TABLE marts.site_entry_pages_monthly
    COMMENT COLUMN page
        'Страница входа: узел и путь, без запроса; пусто, если Метрика не отдала поле (ops.load_warnings, missing_field)';
