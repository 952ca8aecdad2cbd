    -- Messages of our own exchange, by sending time, without tests: requests that we sent (out), or the final
    -- answers to them (in).
    SELECT
        message_id,
        toDate(
            coalesce(argMin(sent_at, (format, sent_at)), any(message_id_at), min(logged_at)),
            {{ time_zone | literal }}
        ) AS day,
        {%- if own == 'requests' %}
        argMin(recipient, (format, recipient)) AS partner,
        {%- else %}
        argMin(sender, (format, sender)) AS partner,
        {%- endif %}
        argMin(namespace, (format, namespace)) AS namespace,
        arraySort(groupUniqArray(load_id)) AS load_ids
    FROM core.smev_events
    WHERE {{ '1' if smev_contour == 'production' else '0' }}
        AND message_id != ''
        {%- if own == 'requests' %}
        AND message_type = 'REQUEST' AND direction = 'out'
        AND (
            sender = ''
            OR upperUTF8(sender) IN ({{ mnemonics | map('upper') | map('literal') | join(', ') }})
        )
        {%- else %}
        AND message_type = 'RESPONSE' AND direction = 'in'
        AND (
            recipient = ''
            OR upperUTF8(recipient) IN ({{ mnemonics | map('upper') | map('literal') | join(', ') }})
        )
        {%- endif %}
    GROUP BY message_id
    HAVING NOT max(is_test) AND day IS NOT NULL
        {%- if own == 'answers' %}
        AND countIf(answer_kind IN ('content', 'rejected')) > 0
        AND max(original_message_id) NOT IN
        (
            SELECT message_id FROM core.smev_events
            WHERE is_test AND message_id != ''
        )
        {%- endif %}
