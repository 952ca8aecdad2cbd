-- Electronic services by the approved list (МСЗУ) and by applications, beside the catalogue.
ALTER TABLE core.service_catalogue_rows
    ADD COLUMN IF NOT EXISTS is_msu Nullable(Bool)
        COMMENT 'Входит в перечень МСЗУ; пусто — файл этого не говорит',
    ADD COLUMN IF NOT EXISTS msu_from Nullable(Date) COMMENT 'В перечне МСЗУ с, включительно',
    ADD COLUMN IF NOT EXISTS msu_to Nullable(Date) COMMENT 'В перечне МСЗУ по, включительно';

CREATE TABLE IF NOT EXISTS mart_rows.eservices_ways_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    way LowCardinality(String)
        COMMENT 'Способ: catalogue по перечню услуг, msu_list по перечню МСЗУ, applications по заявлениям',
    way_name LowCardinality(String) COMMENT 'Способ словами',
    list String COMMENT 'Что взято за целое: файл перечня с листом и датой, или дни подачи заявлений',
    as_of Nullable(Date) COMMENT 'Дата перечня, или день, по который посчитаны заявления',
    numerator Nullable(Float64) COMMENT 'Электронных: услуг на конец месяца, или заявлений с начала года',
    denominator Nullable(Float64) COMMENT 'Всего: услуг на конец месяца, или заявлений с начала года',
    share Nullable(Float64) COMMENT 'Доля в процентах; пусто — считать не из чего',
    is_chosen Bool COMMENT 'Этим способом считается показатель eservices_share',
    note String COMMENT 'Почему доли нет, или о чём перечень не говорит'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, way)
COMMENT 'Доля электронных услуг тремя способами: одна строка на месяц и способ';
