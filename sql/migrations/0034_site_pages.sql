-- Pages of the sites: the days whose hits are loaded whole, and the mart over them.
CREATE TABLE IF NOT EXISTS core.site_hit_calendar
(
    counter_id UInt32 COMMENT 'Счётчик',
    day Date COMMENT 'День в поясе программы, события которого загружены целиком'
)
ENGINE = MergeTree
ORDER BY (counter_id, day)
COMMENT 'Дни сайтов, события которых загружены целиком; строится из core.site_hit_days';

CREATE TABLE IF NOT EXISTS marts.site_pages_monthly
(
    month Date COMMENT 'Месяц, первый день',
    counter_id UInt32 COMMENT 'Счётчик Метрики',
    site String COMMENT 'Сайт',
    page String COMMENT 'Страница или файл: узел и путь, без запроса',
    pageviews UInt64 COMMENT 'Просмотры страницы',
    visitors UInt64 COMMENT 'Посетители, которые смотрели страницу или загружали файл; нельзя складывать',
    downloads UInt64 COMMENT 'Загрузки файла',
    exits UInt64 COMMENT 'Визиты, которые закончились на странице'
)
ENGINE = MergeTree
ORDER BY (month, counter_id, page)
COMMENT 'Страницы и файлы сайтов по месяцам, по дням, события которых загружены целиком';
