    -- Requests that the indicator counts: received by our mnemonics, production only, without tests
    -- (docs/smev.md#что-считается-полученным-запросом).
    SELECT *, toDate(sent_at, {{ time_zone | literal }}) AS day
    FROM core.smev_requests
    WHERE NOT is_test
        AND {{ '1' if smev_contour == 'production' else '0' }}
        AND (
            recipient = ''
            OR upperUTF8(recipient) IN ({{ mnemonics | map('upper') | map('literal') | join(', ') }})
        )
