-- How every method judges the year, the passport's first.
SELECT
    e.method AS method,
    m.name AS name,
    e.version AS version,
    e.is_default AS is_default,
    e.attainment AS attainment,
    e.events_share AS events_share,
    e.spending_share AS spending_share,
    e.efficiency AS efficiency,
    e.value AS value,
    e.verdict AS verdict,
    e.note AS note
FROM marts.programme_effectiveness_yearly AS e
LEFT JOIN reference.effectiveness_methods AS m ON m.method = e.method
WHERE e.year = {{ first.year }}
ORDER BY is_default DESC, method
