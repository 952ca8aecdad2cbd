-- Marts of the exchange over SMEV; BI shows the comments.
CREATE TABLE IF NOT EXISTS mart_rows.smev_requests_daily
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    day Date COMMENT 'День отправки запроса',
    sender LowCardinality(String) COMMENT 'Отправитель, мнемоника СМЭВ',
    information_type String COMMENT 'Вид сведений: пространство имён',
    channel_class LowCardinality(String)
        COMMENT 'Канал: interagency межведомственный, portal заявления с ЕПГУ',
    requests UInt64 COMMENT 'Запросов получено',
    answered UInt64 COMMENT 'Из них с окончательным ответом, отказы включены',
    rejected UInt64 COMMENT 'Из них с отказом',
    overdue UInt64 COMMENT 'Из них отвечено позже срока или не отвечено в срок',
    repeats UInt64 COMMENT 'Повторных доставок',
    median_response_seconds Nullable(Float64) COMMENT 'Время ответа, секунд, медиана',
    p95_response_seconds Nullable(Float64) COMMENT 'Время ответа, секунд, 95-й процентиль'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (day, sender, information_type, channel_class)
COMMENT 'Запросы по СМЭВ по дням, отправителям и видам сведений';

CREATE TABLE IF NOT EXISTS mart_rows.smev_answer_terms_daily
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    day Date COMMENT 'День отправки запроса',
    sender LowCardinality(String) COMMENT 'Отправитель, мнемоника СМЭВ',
    information_type String COMMENT 'Вид сведений: пространство имён',
    information_name String COMMENT 'Вид сведений по справочнику; пусто, если в нём не назван',
    channel_class LowCardinality(String)
        COMMENT 'Канал: interagency межведомственный, portal заявления с ЕПГУ',
    term LowCardinality(String) COMMENT 'Срок ответа',
    requests UInt64 COMMENT 'Запросов получено',
    on_time UInt64 COMMENT 'Из них отвечено в срок, отказы включены',
    overdue UInt64 COMMENT 'Из них отвечено позже срока или не отвечено, хотя срок прошёл',
    open UInt64 COMMENT 'Из них не отвечено, срок ещё не прошёл',
    on_time_share Nullable(Float64)
        COMMENT 'Доля отвеченных в срок среди запросов, срок которых прошёл или на которые отвечено, 0…1',
    seen_by_envelope UInt64 COMMENT 'Запросов, о которых говорят конверты СМЭВ',
    seen_by_journal UInt64 COMMENT 'Запросов, о которых говорит журнал адаптера',
    seen_by_text UInt64 COMMENT 'Запросов, о которых говорит текстовый лог адаптера',
    seen_by_one_format UInt64 COMMENT 'Запросов, о которых говорит только один из трёх источников'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (day, sender, information_type, channel_class, term)
COMMENT 'Соблюдение сроков ответа на запросы СМЭВ и полнота журналов';

CREATE TABLE IF NOT EXISTS mart_rows.smev_exchange_daily
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    day Date
        COMMENT 'День первой передачи сообщения; у ошибки без времени — последний день сообщений её архива',
    operation LowCardinality(String)
        COMMENT 'Операция СМЭВ; Fault — ошибка, не связанная с сообщением. Отправка и её приём СМЭВ — разные операции: по операциям не складывать',
    fault_name LowCardinality(String) COMMENT 'Ошибка СМЭВ или адаптера; пусто — нет или не названа',
    smev_error UInt16 COMMENT 'Номер ошибки СМЭВ; 0 — нет',
    messages UInt64 COMMENT 'Разных сообщений',
    deliveries UInt64 COMMENT 'Передач этих сообщений, повторные включены',
    repeats UInt64 COMMENT 'Повторных передач',
    faults UInt64 COMMENT 'Ошибок',
    median_pickup_seconds Nullable(Float64) COMMENT 'От отправки до первой доставки нам, секунд, медиана',
    p95_pickup_seconds Nullable(Float64) COMMENT 'От отправки до первой доставки нам, секунд, 95-й процентиль'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (day, operation, fault_name, smev_error)
COMMENT 'Обмен по СМЭВ по дням, операциям и ошибкам';

CREATE TABLE IF NOT EXISTS mart_rows.smev_adapter_daily
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    day Date COMMENT 'День',
    received UInt64 COMMENT 'Запросов, отправленных нам в этот день',
    answered UInt64 COMMENT 'Запросов, окончательный ответ на которые дан в этот день',
    backlog UInt64 COMMENT 'Запросов без окончательного ответа на конец дня',
    polls Nullable(UInt64) COMMENT 'Опросов пустой очереди по текстовому логу; пусто, если лога нет',
    silent_hours Nullable(Float64)
        COMMENT 'Часов молчания адаптера: перерывы дольше часа и не дольше трёх суток между записями текстового лога (дольше — лога нет); пусто, если лога нет'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY day
COMMENT 'Адаптер СМЭВ по дням: очередь неотвеченных запросов и молчание';
