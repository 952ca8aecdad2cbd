SELECT
    e.at AS at,
    e.kind AS kind,
    e.subject AS subject,
    e.state AS state,
    e.text AS text,
    e.channel AS channel,
    toDateTime(max(e.sent_at), 'UTC') AS sent_at
FROM ops.notification_events AS e
WHERE e.channel != ''
GROUP BY e.at, e.kind, e.subject, e.state, e.text, e.channel
COMMENT 'Сообщения утреннего дозора: одна строка на сообщение и канал'
