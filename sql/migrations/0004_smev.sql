-- SMEV: everything the envelopes, journals and logs say about messages, under their load.
CREATE TABLE IF NOT EXISTS core.smev_event_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Файл внутри архива',
    line UInt64 COMMENT 'Строка журнала; для конверта 1',
    line_hash UInt64 COMMENT 'Хеш строки журнала: одинаковые строки одного файла — повтор; у конверта 0',
    format Enum8('envelope' = 1, 'journal' = 2, 'text' = 3)
        COMMENT 'Свидетель: конверт надёжнее журнала, журнал — лога',
    operation LowCardinality(String)
        COMMENT 'Операция СМЭВ: GetRequestResponse, SendResponseRequest, …; Fault — отказ СМЭВ',
    direction Enum8('unknown' = 0, 'in' = 1, 'out' = 2) COMMENT 'К нам или от нас',
    message_type LowCardinality(String)
        COMMENT 'REQUEST, RESPONSE, BROADCAST, CANCEL, STATUS, ERROR, QUERY или пусто',
    message_id String COMMENT 'Идентификатор сообщения строчными буквами; пусто у пустого опроса',
    message_id_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Время внутри идентификатора (UUID версии 1)',
    reference_message_id String COMMENT 'Корень цепочки',
    original_message_id String COMMENT 'Запрос, на который отвечает сообщение',
    reply_key String COMMENT 'SHA-256 от ReplyTo запроса или To ответа',
    reply_message_id String COMMENT 'Запрос, названный внутри ReplyTo или To',
    sender LowCardinality(String) COMMENT 'Мнемоника отправителя',
    recipient LowCardinality(String) COMMENT 'Мнемоника получателя',
    namespace LowCardinality(String) COMMENT 'Вид сведений: пространство имён содержимого',
    root_element LowCardinality(String) COMMENT 'Корневой элемент содержимого',
    is_test Bool COMMENT 'Тестовое сообщение или испытательный контур',
    sent_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Время отправки по СМЭВ',
    delivered_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Время доставки по СМЭВ',
    logged_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Время записи адаптера',
    answer_kind Enum8('none' = 0, 'content' = 1, 'rejected' = 2, 'status' = 3, 'async' = 4)
        COMMENT 'Чем отвечает сообщение',
    reject_code LowCardinality(String) COMMENT 'Код отказа',
    fault_name LowCardinality(String) COMMENT 'Отказ СМЭВ: InvalidContent, AccessDenied, …',
    smev_error UInt16 COMMENT 'Номер ошибки СМЭВ из SMEV-<номер>; 0 — нет',
    ack Enum8('none' = 0, 'accepted' = 1, 'refused' = 2)
        COMMENT 'Подтверждение получения сообщения message_id: принято СМЭВ или нет; none — строка не о нём'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'События обмена СМЭВ; читать через core.smev_events';
