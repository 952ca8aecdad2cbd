-- From January of the first year through the last month, not later than today, that any source reaches.
SELECT
    addMonths(makeDate({{ first_year }}, 1, 1), number) AS month,
    toLastDayOfMonth(month) AS month_end,
    toYear(month) AS year,
    toMonth(month) AS month_number
FROM numbers(1200)
WHERE month <= toStartOfMonth((SELECT max(data_through) FROM intermediate.source_reach))
