-- Our answers: one row per message id that we sent as an answer, final or intermediate.
-- For each attribute the best format wins: envelope, then journal, then text log.
SELECT
    e.message_id AS message_id,
    coalesce(
        argMinIf(e.original_message_id, (e.format, e.original_message_id), e.original_message_id != ''),
        ''
    ) AS original_message_id,
    coalesce(
        argMinIf(e.reply_message_id, (e.format, e.reply_message_id), e.reply_message_id != ''),
        ''
    ) AS reply_message_id,
    coalesce(argMinIf(e.reply_key, (e.format, e.reply_key), e.reply_key != ''), '') AS reply_key,
    -- The sending time comes from SMEV's receipt (SendResponseResponse), then from the journal.
    coalesce(argMin(e.sent_at, (e.format, e.sent_at)), any(e.message_id_at), min(e.logged_at)) AS answered_at,
    if(
        countIf(e.answer_kind != 'none') = 0,
        'content',
        toString(argMinIf(e.answer_kind, (e.format, e.answer_kind), e.answer_kind != 'none'))
    ) AS answer_kind,
    coalesce(argMinIf(e.reject_code, (e.format, e.reject_code), e.reject_code != ''), '') AS reject_code,
    max(e.is_test) AS is_test,
    arraySort(groupUniqArray(toString(e.format))) AS formats
FROM core.smev_events AS e
WHERE e.message_type IN ('RESPONSE', 'STATUS') AND e.direction != 'in' AND e.message_id != ''
GROUP BY e.message_id
