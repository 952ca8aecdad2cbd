    -- Every day with the number of working days up to it: Monday to Friday without the holidays of
    -- reference/holidays.csv.
    SELECT day, is_working, sum(is_working) OVER (ORDER BY day) AS working_days
    FROM
    (
        SELECT
            makeDate(2015, 1, 1) + number AS day,
            toDayOfWeek(day) <= 5 AND day NOT IN (SELECT day FROM reference.holidays) AS is_working
        FROM numbers(9000)
    )
