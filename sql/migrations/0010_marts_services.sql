-- Marts of the services; BI shows the comments.
CREATE TABLE IF NOT EXISTS mart_rows.services_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день; состояние на конец месяца',
    service_code String COMMENT 'Код услуги',
    service_name String COMMENT 'Услуга',
    level LowCardinality(String) COMMENT 'Уровень услуги: муниципальная или иная',
    is_active Bool COMMENT 'Услуга действует на конец месяца',
    is_electronic Bool COMMENT 'Заявление подаётся электронно'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, service_code)
COMMENT 'Каталог услуг на конец каждого месяца';

CREATE TABLE IF NOT EXISTS mart_rows.service_applications_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц подачи, первый день',
    service_code String COMMENT 'Код услуги',
    service_name String COMMENT 'Услуга',
    channel LowCardinality(String) COMMENT 'Канал подачи: ЕПГУ, РПГУ, МФЦ, лично, почта, прочее',
    is_electronic Bool COMMENT 'Подано электронно: ЕПГУ или РПГУ',
    status_group LowCardinality(String)
        COMMENT 'Состояние: in_progress в работе, provided оказана, refused отказ, withdrawn отозвано, unknown неизвестно',
    applications UInt64 COMMENT 'Заявлений',
    on_time UInt64 COMMENT 'Завершено в срок',
    overdue UInt64 COMMENT 'Просрочено: завершено позже срока или в работе после срока',
    average_days Nullable(Float64) COMMENT 'Календарных дней от подачи до завершения, в среднем',
    rated UInt64 COMMENT 'Оценённых заявлений',
    average_rating Nullable(Float64) COMMENT 'Средняя оценка, 1…5'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, service_code, channel, status_group)
COMMENT 'Заявления на услуги по месяцам подачи, каналам и состояниям';

CREATE TABLE IF NOT EXISTS mart_rows.service_quality_monthly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц подачи, первый день',
    service_code String COMMENT 'Код услуги',
    service_name String COMMENT 'Услуга',
    applications UInt64 COMMENT 'Заявлений; без черновиков и не отправленных из-за ошибки',
    electronic_applications UInt64 COMMENT 'Из них подано электронно: ЕПГУ или РПГУ',
    digital_share Nullable(Float64) COMMENT 'Доля поданных электронно среди всех заявлений, 0…1',
    completed UInt64 COMMENT 'Завершено окончательным ответом: услуга оказана или отказано',
    completion_share Nullable(Float64)
        COMMENT 'Доля завершённых среди заявлений без отозванных, 0…1; пусто, если отозваны все',
    on_time UInt64 COMMENT 'Завершено в срок; отзыв заявителем в срок включён',
    overdue UInt64
        COMMENT 'Просрочено: завершено позже срока или в работе после срока на последний день данных',
    on_time_share Nullable(Float64)
        COMMENT 'Доля завершённых в срок среди завершённых в срок и просроченных, 0…1; пусто, если нет ни тех, ни других',
    rated UInt64 COMMENT 'Оценённых заявлений',
    average_rating Nullable(Float64) COMMENT 'Средняя оценка, 1…5; пусто, если оценок меньше 10',
    average_working_days Nullable(Float64)
        COMMENT 'Рабочих дней от подачи до окончательного ответа, в среднем, без дня подачи; пусто, если завершённых нет'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (month, service_code)
COMMENT 'Качество услуг по месяцам подачи: цифровизация, завершение, соблюдение срока, оценка, рабочие дни';
