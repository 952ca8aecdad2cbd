-- Requests and applications as several marts read them: derived once a build.
CREATE TABLE IF NOT EXISTS intermediate.smev_requests
(
    day Date COMMENT 'День отправки, в поясе программы',
    message_id String COMMENT 'Идентификатор запроса',
    chain_id String COMMENT 'Идентификатор первого запроса цепочки',
    sent_at DateTime64(3, 'UTC') COMMENT 'Отправлен',
    received_at DateTime64(3, 'UTC') COMMENT 'Получен',
    sender LowCardinality(String) COMMENT 'Мнемоника отправителя',
    namespace LowCardinality(String) COMMENT 'Вид сведений: пространство имён содержимого',
    information_name String COMMENT 'Название вида сведений; пусто, если его нет в справочнике',
    is_portal Bool COMMENT 'С портала госуслуг',
    is_acknowledged Bool COMMENT 'Получение подтверждено',
    is_answered Bool COMMENT 'Есть окончательный ответ',
    is_rejected Bool COMMENT 'Окончательный ответ — отказ',
    answered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Время окончательного ответа',
    deliveries UInt64 COMMENT 'Сколько раз доставлен',
    formats Array(LowCardinality(String)) COMMENT 'В каких видах журналов он есть',
    load_ids Array(UUID) COMMENT 'Загрузки, которыми он доставлен',
    term UInt32 COMMENT 'Срок ответа',
    term_unit LowCardinality(String) COMMENT 'hours, working_days или calendar_days',
    late_after Nullable(DateTime64(3, 'UTC')) COMMENT 'Последний миг срока',
    last_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Последний миг данных СМЭВ, не позже дня расчёта'
)
ENGINE = MergeTree
ORDER BY (day, message_id)
COMMENT 'Запросы СМЭВ, которые считает показатель, и сроки ответа на них';

CREATE TABLE IF NOT EXISTS intermediate.dated_applications
(
    month Date COMMENT 'Месяц подачи',
    service_code LowCardinality(String) COMMENT 'Код услуги',
    service_name String COMMENT 'Название услуги по последнему перечню',
    channel LowCardinality(String) COMMENT 'Канал подачи',
    is_electronic Bool COMMENT 'Подано через ЕПГУ или РПГУ',
    status_group LowCardinality(String) COMMENT 'Группа статуса',
    filed_on Date COMMENT 'Подано',
    finished_on Nullable(Date) COMMENT 'Окончательный статус',
    rating Nullable(UInt8) COMMENT 'Оценка заявителя',
    is_final Bool COMMENT 'Статус окончательный',
    is_on_time Nullable(Bool) COMMENT 'Закончено в срок; пусто, если срок неизвестен',
    is_overdue Nullable(Bool) COMMENT 'Просрочено; пусто, если срок неизвестен',
    working_days_taken Nullable(Int64) COMMENT 'Рабочих дней от подачи до окончательного статуса'
)
ENGINE = MergeTree
ORDER BY (month, service_code)
COMMENT 'Заявления без черновиков и сбоев до подачи, с их сроками';
