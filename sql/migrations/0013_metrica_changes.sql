-- What may change of a counter: how long Metrica corrects its days, and which fields it gives.
ALTER TABLE core.metrica_days
    ADD COLUMN IF NOT EXISTS settling_days UInt16 DEFAULT 3
        COMMENT 'Сколько суток Метрика уточняла день по паспорту при заказе; у старых загрузок — 3';

ALTER TABLE marts.site_sources_monthly
    MODIFY COLUMN traffic_source
        COMMENT 'Источник трафика по Метрике: organic поиск, direct прямые заходы, referral ссылки, social соцсети, ad реклама, internal внутренние; undefined не определён, в том числе если Метрика не отдала поле (ops.load_warnings)',
    MODIFY COLUMN search_engine
        COMMENT 'Поисковая система; пусто, если визит не из поиска или Метрика не отдала поле';

ALTER TABLE marts.site_devices_monthly
    MODIFY COLUMN device
        COMMENT 'Устройство по Метрике: 1 компьютер, 2 телефон, 3 планшет, 4 телевизор; пусто, если Метрика не отдала поле (ops.load_warnings)',
    MODIFY COLUMN operating_system
        COMMENT 'Операционная система; пусто, если не определена или Метрика не отдала поле',
    MODIFY COLUMN browser
        COMMENT 'Браузер; пусто, если не определён или Метрика не отдала поле';

ALTER TABLE marts.site_entry_pages_monthly
    MODIFY COLUMN page
        COMMENT 'Страница входа: узел и путь, без запроса; пусто, если Метрика не отдала поле';
