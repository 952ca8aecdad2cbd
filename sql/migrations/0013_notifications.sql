-- What the watch of the morning tells: a message is noted before it is sent, and once more when it was.
CREATE TABLE IF NOT EXISTS ops.notification_events
(
    at DateTime64(6, 'UTC') COMMENT 'Когда сообщение составлено',
    kind LowCardinality(String)
        COMMENT 'О чём: task, run, rejected, quarantined, stale, build, check, status',
    subject String COMMENT 'С чем это случилось: задача, файл, источник, проверка, показатель',
    state String COMMENT 'Состояние, с которым сравнивается следующее утро; over — закончилось',
    text String COMMENT 'Сообщение, без персональных данных',
    channel LowCardinality(String)
        COMMENT 'Куда: email, webhook, log; пусто — только запомнено, отправлять нечего',
    sent_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Когда отправлено; пусто — ещё нет'
)
ENGINE = MergeTree
ORDER BY (kind, subject, at)
COMMENT 'События сообщений утреннего дозора; читать через ops.notifications';
