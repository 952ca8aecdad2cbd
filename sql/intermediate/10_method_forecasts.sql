-- Indicator × month × horizon (years from the month's year to the one that is forecast) × method: what the
-- method says, and what came of it if that year is over. Each method reads facts through the month only
-- (docs/indicators.md#прогноз-и-его-границы).
{%- set own_pace = 'if(kind = \'growth\', level, level * toDayOfYear(year_end) / toDayOfYear(day))' %}
WITH course AS
(
{% include 'macros/indicator_course.sql' %}
),
levels AS
(
    -- The level is what the year has brought above its base. Growth stands on −100 %: its level is the ratio
    -- to the baseline year.
    SELECT
        c.*,
        assumeNotNull(if(kind = 'share', month_end, as_of)) AS day,
        multiIf(kind = 'growth', -100, kind = 'programme', ifNull(y.fact, 0), 0) AS base,
        c.fact - base AS level,
        ifNull(
            lagInFrame(level) OVER
            (
                PARTITION BY c.code, c.year ORDER BY c.month
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ),
            if(kind = 'growth', level, 0)
        ) AS level_before
    FROM course AS c
    LEFT JOIN intermediate.indicator_facts AS y ON y.code = c.code AND y.month = makeDate(c.year - 1, 12, 1)
),
years AS
(
    SELECT
        code,
        year,
        anyOrNullIf(fact, toMonth(month) = 12) AS end_fact,
        anyOrNullIf(level, toMonth(month) = 12) AS end_level,
        kind = 'growth' OR sumIf(level, toMonth(month) = 1) > 0 AS has_january
    FROM levels
    GROUP BY code, kind, year
    HAVING countIf(toMonth(month) = 12 AND is_complete AND month_end < toDate({{ today | literal }})) > 0
),
-- Each month of a year that is over, with the share of the year's level that it had reached.
passed AS
(
    SELECT
        l.code AS code,
        l.month AS month,
        l.level_before AS reached_before,
        l.level AS reached,
        y.end_level AS end_level,
        y.has_january AS has_january
    FROM levels AS l
    INNER JOIN years AS y ON y.code = l.code AND y.year = l.year
),
methods AS
(
    SELECT
        l.code AS code,
        l.month AS month,
        toMonth(day) AS season,
        kind,
        year,
        year_end,
        numerator,
        denominator,
        fact,
        gain_per_day,
        yearly_gain,
        toDayOfMonth(day) / toDayOfMonth(toLastDayOfMonth(day)) AS part,
        -- The same day of the two years before; within a month by the day.
        a.reached_before + (a.reached - a.reached_before) * part AS level_a,
        b.reached_before + (b.reached - b.reached_before) * part AS level_b,
        if(a.has_january, level_a / nullIf(a.end_level, 0), NULL) AS share_a,
        if(b.has_january, level_b / nullIf(b.end_level, 0), NULL) AS share_b,
        {{ own_pace }} AS own_pace,
        arrayJoin(if(
            kind = 'share',
            [('rule', forecast)],
            [
                ('rule', forecast),
                ('seasonal_naive', base + level + (a.end_level - level_a)),
                ('run_rate', base + own_pace),
                ('mean_share', base + level / nullIf((share_a + share_b) / 2, 0)),
                ('damped', (forecast + base + own_pace) / 2)
            ]
        )) AS said
    FROM levels AS l
    LEFT JOIN passed AS a ON a.code = l.code AND a.month = subtractYears(toStartOfMonth(l.day), 1)
    LEFT JOIN passed AS b ON b.code = l.code AND b.month = subtractYears(toStartOfMonth(l.day), 2)
    WHERE l.fact IS NOT NULL
),
horizons AS
(
    SELECT
        m.*,
        arrayJoin(range(toUInt8(greatest(1, toInt32(last_year) - year + 1)))) AS horizon,
        said.1 AS method,
        multiIf(
            horizon = 0, said.2,
            kind = 'programme', said.2 + gain_per_day * (makeDate(year + horizon, 12, 31) - year_end),
            kind = 'growth', said.2 + horizon * yearly_gain,
            kind = 'share', greatest(0, least(100, said.2 + horizon * yearly_gain)),
            said.2
        ) AS expected,
        -- What is certain already, and what keeps the ratio of two small counts finite.
        multiIf(kind = 'growth', -100, kind = 'year' AND horizon > 0, 0, assumeNotNull(fact)) AS sure,
        if(kind = 'growth', 0, 0.5) AS margin
    FROM methods AS m
    CROSS JOIN (SELECT max(year) AS last_year FROM reference.programme_targets) AS t
)
SELECT
    h.code AS code,
    h.kind AS kind,
    h.month AS month,
    h.year AS year,
    h.season AS season,
    h.horizon AS horizon,
    h.method AS method,
    assumeNotNull(h.expected) AS forecast,
    h.sure AS sure,
    h.margin AS margin,
    y.end_fact AS actual,
    horizon = 0 AND toMonth(h.month) = 12 AND actual IS NOT NULL AS is_over,
    multiIf(
        is_over, NULL,
        kind = 'share', actual - forecast,
        forecast - sure + margin > 0 AND actual - sure + margin > 0,
        log((actual - sure + margin) / (forecast - sure + margin)),
        NULL
    ) AS error,
    if(kind = 'share', toString((h.numerator, h.denominator)), toString(h.month)) AS state
FROM horizons AS h
LEFT JOIN years AS y ON y.code = h.code AND y.year = h.year + h.horizon
WHERE isFinite(h.expected)
