-- What the operator of the exchange asks of the events beyond the requests themselves.
ALTER TABLE core.smev_events
    ADD COLUMN IF NOT EXISTS ack Enum8('none' = 0, 'accepted' = 1, 'refused' = 2)
        COMMENT 'Подтверждение получения сообщения message_id: принято СМЭВ или нет; none — строка не о нём';
