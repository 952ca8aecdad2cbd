-- Where the numbers of the programme come from, and what its editions changed.
CREATE TABLE IF NOT EXISTS intermediate.first_visits
(
    year UInt16 COMMENT 'Год',
    site_id UInt32 COMMENT 'Сайт: последний из счётчиков, сменивших друг друга',
    day Date COMMENT 'Сопоставленный день года',
    visitors UInt64 COMMENT 'Посетители, которые пришли в этот день впервые за год',
    base_visitors UInt64 COMMENT 'То же в базовом году, на тот же день'
)
ENGINE = MergeTree
ORDER BY (year, site_id, day)
COMMENT 'Первые визиты посетителей в году и в базовом году по сопоставленным дням';

CREATE TABLE IF NOT EXISTS mart_rows.indicator_evidence
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    kind LowCardinality(String)
        COMMENT 'Что за часть: site_month сайт и месяц первого визита, service услуга, sender отправитель и вид сведений, department подразделение, workplaces рабочие места подразделения, event мероприятие',
    part String COMMENT 'Часть, из которой сложилось значение',
    numerator_part Nullable(Float64) COMMENT 'Её доля в числителе; части складываются в числитель точно',
    denominator_part Nullable(Float64)
        COMMENT 'Её доля в знаменателе; пусто, если у показателя нет знаменателя',
    load_ids Array(UUID) COMMENT 'Загрузки, из которых она взята',
    sources Array(String) COMMENT 'Файлы с листом, или счётчик и дни'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (indicator, month, kind, part)
COMMENT 'Из чего сложилось значение показателя: одна строка на показатель, месяц и часть';

CREATE TABLE IF NOT EXISTS mart_rows.programme_editions
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    edition_date Date COMMENT 'Редакция действует с',
    document String COMMENT 'Документ',
    subject LowCardinality(String) COMMENT 'О чём: код показателя, или funding финансирование',
    year UInt16 COMMENT 'Год, на который план',
    value Nullable(Float64)
        COMMENT 'План по этой редакции, в единицах показателя; финансирование в рублях; пусто — плана больше нет',
    previous_value Nullable(Float64) COMMENT 'План по прежней редакции; пусто — плана не было',
    year_share Float64 COMMENT 'Какая часть этого года уже прошла, от 0 до 1'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (edition_date, subject, year)
COMMENT 'Что меняла каждая редакция программы: одна строка на редакцию, показатель и год';
