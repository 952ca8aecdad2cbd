-- Day × operation × fault. One transfer of a message counts once, whichever files report it and however
-- often: the timestamps of the best format are counted, in whole seconds. What belongs to a day and to no
-- operation (backlog, silence) is in smev_adapter_daily, where no filter by operation can sum it up wrongly.
WITH
events AS
(
    SELECT
        * EXCEPT (operation),
        -- A journal may omit the operation: then type and direction give it.
        multiIf(
            e.operation != '', e.operation,
            e.message_type = 'REQUEST' AND e.direction = 'in', 'GetRequestResponse',
            e.message_type = 'REQUEST', 'SendRequestRequest',
            e.message_type = 'RESPONSE' AND e.direction = 'in', 'GetResponseResponse',
            e.message_type IN ('RESPONSE', 'STATUS') AND e.direction = 'out', 'SendResponseRequest',
            e.message_type = 'ERROR', 'Fault',
            ''
        ) AS operation,
        operation = 'Fault' OR message_type = 'ERROR' OR ack = 'refused'
            OR fault_name != '' OR smev_error != 0 AS is_fault
    FROM core.smev_events AS e
    WHERE operation != ''
),
last_moments AS
(
    SELECT unit_key, max(coalesce(delivered_at, sent_at, logged_at)) AS last_at
    FROM events
    GROUP BY unit_key
),
-- Faults without a message id: the same line in two exports counts once, and each format may report all of
-- them.
bare_faults AS
(
    SELECT at, operation, fault_name, smev_error, max(reported) AS faults
    FROM
    (
        SELECT
            toDate(coalesce(e.logged_at, l.last_at), {{ time_zone | literal }}) AS at,
            e.operation AS operation,
            e.fault_name AS fault_name,
            e.smev_error AS smev_error,
            e.format AS format,
            uniqExact(e.line_hash) AS reported
        FROM events AS e
        LEFT JOIN last_moments AS l ON l.unit_key = e.unit_key
        WHERE e.is_fault AND e.message_id = '' AND coalesce(e.logged_at, l.last_at) IS NOT NULL
        GROUP BY at, operation, fault_name, smev_error, format
    )
    GROUP BY at, operation, fault_name, smev_error
),
transfers AS
(
    SELECT
        e.operation AS operation,
        e.fault_name AS fault_name,
        e.smev_error AS smev_error,
        e.message_id AS message_id,
        max(e.is_fault) AS is_fault,
        -- An acknowledgement has no time of its own: the time of its message is used, else that of its
        -- archive.
        toDate(
            coalesce(
                min(e.delivered_at),
                minIf(e.sent_at, e.direction = 'out'),
                min(e.logged_at),
                min(e.sent_at),
                any(e.message_id_at),
                min(l.last_at)
            ),
            {{ time_zone | literal }}
        ) AS at,
        uniqExactIf(toStartOfSecond(e.delivered_at), e.delivered_at IS NOT NULL) AS delivery_stamps,
        uniqExactIf(
            toStartOfSecond(e.logged_at),
            e.logged_at IS NOT NULL AND e.format = 'journal'
        ) AS journal_stamps,
        uniqExactIf(
            toStartOfSecond(e.logged_at),
            e.logged_at IS NOT NULL AND e.format = 'text'
        ) AS text_stamps,
        toUInt64(greatest(1, multiIf(
            delivery_stamps > 0, delivery_stamps,
            journal_stamps > 0, journal_stamps,
            text_stamps
        ))) AS times,
        if(
            operation = 'GetRequestResponse' AND NOT is_fault AND NOT max(e.is_test)
                AND (
                    max(e.recipient) = ''
                    OR upperUTF8(max(e.recipient))
                        IN ({{ mnemonics | map('upper') | map('literal') | join(', ') }})
                ),
            dateDiff('millisecond', min(e.sent_at), min(e.delivered_at)) / 1000,
            NULL
        ) AS pickup_seconds
    FROM events AS e
    LEFT JOIN last_moments AS l ON l.unit_key = e.unit_key
    WHERE e.message_id != ''
    GROUP BY operation, fault_name, smev_error, message_id
)
SELECT
    at AS day,
    operation,
    fault_name,
    smev_error,
    sum(of_messages) AS messages,
    sum(times) AS deliveries,
    deliveries - messages AS repeats,
    sum(of_faults) AS faults,
    quantileExactInclusiveOrNull(0.5)(pickup_seconds) AS median_pickup_seconds,
    quantileExactInclusiveOrNull(0.95)(pickup_seconds) AS p95_pickup_seconds
FROM
(
    SELECT
        at,
        operation,
        fault_name,
        smev_error,
        1 AS of_messages,
        times,
        if(is_fault, times, 0) AS of_faults,
        pickup_seconds
    FROM transfers
    WHERE at IS NOT NULL
    UNION ALL
    SELECT at, operation, fault_name, smev_error, 0, 0, faults, NULL
    FROM bare_faults
)
GROUP BY at, operation, fault_name, smev_error
