-- Requests received: one row per distinct message id of a REQUEST that SMEV delivered to us
-- (docs/smev.md#что-считается-полученным-запросом). Test requests and requests to other bodies are included:
-- the marts leave them out by is_test and recipient. Broadcasts, cancels and our own requests are not
-- included. For each attribute the best format wins: envelope, then journal, then text log.
WITH
    events AS
    (
        SELECT
            *,
            direction = 'in' AND operation IN ('', 'GetRequestResponse')
                AND message_type IN ('REQUEST', 'BROADCAST', 'CANCEL') AS is_delivery
        FROM core.smev_events
        WHERE message_id != ''
    ),
    received AS
    (
        SELECT
            e.message_id AS message_id,
            coalesce(
                argMinIf(e.sent_at, (e.format, e.sent_at), e.is_delivery),
                any(e.message_id_at),
                minIf(e.delivered_at, e.is_delivery),
                minIf(e.logged_at, e.is_delivery)
            ) AS sent,
            coalesce(minIf(e.delivered_at, e.is_delivery), minIf(e.logged_at, e.is_delivery)) AS received,
            max(e.ack = 'accepted') AS is_acknowledged,
            argMinIf(e.sender, (e.format, e.sender), e.is_delivery AND e.sender != '') AS sender,
            argMinIf(e.recipient, (e.format, e.recipient), e.is_delivery AND e.recipient != '') AS recipient,
            argMinIf(
                e.namespace,
                (e.format, e.namespace, e.root_element),
                e.is_delivery AND e.namespace != ''
            ) AS namespace,
            argMinIf(
                e.root_element,
                (e.format, e.namespace, e.root_element),
                e.is_delivery AND e.root_element != ''
            ) AS root_element,
            argMinIf(
                e.reference_message_id,
                (e.format, e.reference_message_id),
                e.is_delivery AND e.reference_message_id != ''
            ) AS reference,
            groupUniqArrayIf(e.reply_key, e.is_delivery AND e.reply_key != '') AS reply_keys,
            max(e.is_test) AS is_test,
            arraySort(groupUniqArrayIf(e.load_id, e.is_delivery)) AS load_ids,
            uniqExactIf(
                toStartOfSecond(e.delivered_at),
                e.is_delivery AND e.delivered_at IS NOT NULL
            ) AS delivery_stamps,
            uniqExactIf(
                toStartOfSecond(e.logged_at),
                e.is_delivery AND e.logged_at IS NOT NULL AND e.format = 'journal'
            ) AS journal_stamps,
            uniqExactIf(
                toStartOfSecond(e.logged_at),
                e.is_delivery AND e.logged_at IS NOT NULL AND e.format = 'text'
            ) AS text_stamps,
            arraySort(groupUniqArrayIf(toString(e.format), e.is_delivery)) AS formats
        FROM events AS e
        GROUP BY e.message_id
        -- A message that the best format calls a broadcast is not a request, even if the journal says so.
        HAVING countIf(e.is_delivery AND e.message_type = 'REQUEST') > 0
           AND minIf(e.format, e.is_delivery AND e.message_type = 'REQUEST') = minIf(e.format, e.is_delivery)
    ),
    keys AS
    (
        SELECT message_id AS request_id, arrayJoin(arrayPushFront(reply_keys, message_id)) AS key
        FROM received
    ),
    -- An answer names its request (1), else its address does: by the id inside the address (2) or its hash
    -- (3).
    links AS
    (
        SELECT argMin(k.request_id, (a.link.1, k.request_id)) AS request_id,
               any(a.answer) AS answer
        FROM
        (
            SELECT
                message_id,
                (answered_at, message_id, answer_kind, is_test) AS answer,
                arrayJoin([(1, original_message_id), (2, reply_message_id), (3, reply_key)]) AS link,
                link.2 AS key
            FROM core.smev_answers
        ) AS a
        INNER JOIN keys AS k ON a.key = k.key
        WHERE a.key != ''
        GROUP BY a.message_id
    ),
    answers AS
    (
        SELECT
            request_id,
            max(answer.4) AS is_test,
            countIf(answer.3 IN ('content', 'rejected')) > 0 AS is_answered,
            argMinIf(
                tuple(answer.1, answer.3 = 'rejected'),
                (coalesce(answer.1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')), answer.2),
                answer.3 IN ('content', 'rejected')
            ) AS final
        FROM links
        GROUP BY request_id
    )
SELECT
    r.message_id AS message_id,
    assumeNotNull(r.sent) AS sent_at,
    coalesce(r.received, r.sent) AS received_at,
    toBool(r.is_acknowledged) AS is_acknowledged,
    r.sender AS sender,
    r.recipient AS recipient,
    r.namespace AS namespace,
    r.root_element AS root_element,
    if(r.reference = '', r.message_id, r.reference) AS chain_id,
    toBool(r.is_test OR a.is_test) AS is_test,
    toBool(
        startsWith(upper(r.sender), 'EPGU')
        OR match(lower(r.namespace), '^[a-z]+://([^/]*\\.)?epgu\\.gosuslugi\\.ru([:/]|$)')
    ) AS is_portal,
    toUInt64(greatest(1, multiIf(
        r.delivery_stamps > 0, r.delivery_stamps,
        r.journal_stamps > 0, r.journal_stamps,
        r.text_stamps
    ))) AS deliveries,
    r.reply_keys AS reply_keys,
    r.formats AS formats,
    r.load_ids AS load_ids,
    toBool(a.is_answered) AS is_answered,
    if(a.is_answered, a.final.1, NULL) AS answered_at,
    toBool(a.is_answered AND a.final.2) AS is_rejected
FROM received AS r
LEFT JOIN answers AS a ON a.request_id = r.message_id
