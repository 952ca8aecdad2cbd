-- Indicator × month: the forecast of the method that was best in the years before, its 80 % band, and the
-- probability of reaching the goal (docs/indicators.md#прогноз-и-его-границы).
{%- from 'macros/pinball_loss.sql' import pinball_loss %}
{%- macro signed(number, decimals) -%}
concat(
    multiIf(round({{ number }}, {{ decimals }}) = 0, '', {{ number }} < 0, '−', '+'),
    replaceOne(toString(round(abs({{ number }}), {{ decimals }})), '.', ',')
)
{%- endmacro %}
{%- macro error_in_words(error) -%}
if(
    kind = 'share',
    {{ signed(error, 1) }},
    concat({{ signed('(exp(' ~ error ~ ') - 1) * 100', 0) }}, ' %')
)
{%- endmacro %}
{%- macro in_words(until, n, errors) -%}
concat(
    'К концу ', toString({{ until }}), ' года: ',
    if(
        {{ n }} < 4,
        concat('мало истории, похожих случаев ', toString({{ n }}), ', а нужно хотя бы четыре.'),
        concat(
            'в ', ['четырёх', 'пяти', 'шести', 'семи', 'восьми', 'девяти'][{{ n }} - 3],
            ' похожих случаях ошибка была от ', {{ error_in_words('arrayMin(' ~ errors ~ ')') }},
            ' до ', {{ error_in_words('arrayMax(' ~ errors ~ ')') }},
            multiIf(
                kind = 'share', ' п.п.',
                kind = 'growth', ' числа посетителей.',
                ' того, что ещё предстоит.'
            ),
            ' Границы — ', if({{ n }} < 9, 'наибольшая', 'восьмая по величине'), ' из них в обе стороны.'
        )
    )
)
{%- endmacro %}
WITH indicators AS
(
{% include 'marts/indicators_monthly.sql' %}
),
losses AS
(
    SELECT
        code,
        method,
        year,
        {{ pinball_loss() }} AS loss,
        maxIf(loss, method = 'rule') OVER (PARTITION BY code, month) AS loss_of_rule
    FROM intermediate.forecast_bands
    WHERE horizon = 0 AND NOT is_over AND actual IS NOT NULL
),
-- A rival is chosen in a year if it did better than the rule in each of the years before, at least two.
rivals AS
(
    SELECT code, method, year_after AS year, toNullable(sum(loss) / sum(loss_of_rule)) AS score
    FROM
    (
        SELECT code, method, year, sum(loss) AS loss, sum(loss_of_rule) AS loss_of_rule
        FROM losses
        WHERE method != 'rule'
        GROUP BY code, method, year
    )
    ARRAY JOIN [year + 1, year + 2, year + 3] AS year_after
    GROUP BY code, method, year_after
    HAVING count() >= 2 AND min((1 - 1e-9) * loss_of_rule - loss) > 0
),
chosen AS
(
    SELECT
        b.code AS code,
        b.month AS month,
        argMin(b.method, (if(b.method = 'rule', 1, round(assumeNotNull(r.score), 9)), b.method)) AS method
    FROM intermediate.forecast_bands AS b
    LEFT JOIN rivals AS r ON r.code = b.code AND r.method = b.method AND r.year = b.year
    WHERE b.horizon = 0 AND (b.method = 'rule' OR r.score IS NOT NULL)
    GROUP BY code, month
),
bands AS
(
    SELECT b.*, toNullable(b.forecast) AS value, length(b.errors) AS n
    FROM intermediate.forecast_bands AS b
    INNER JOIN chosen AS c ON c.code = b.code AND c.month = b.month AND c.method = b.method
),
joined AS
(
    SELECT
        i.month AS month,
        i.indicator AS indicator,
        p.kind AS kind,
        p.direction AS direction,
        if(y.method = '', 'rule', y.method) AS method,
        y.value AS forecast,
        y.low AS forecast_low,
        y.high AS forecast_high,
        d.value AS forecast_due,
        d.low AS forecast_due_low,
        d.high AS forecast_due_high,
        i.fact AS fact,
        i.goal AS goal,
        i.due_year AS due_year,
        i.year AS year,
        y.n AS n,
        y.errors AS errors,
        d.n AS n_due,
        d.errors AS errors_due,
        y.is_over AS is_over,
        if(direction = 'up', arrayCount(v -> v >= goal, d.outcomes), arrayCount(v -> v <= goal, d.outcomes))
            AS reaching,
        -- What is counted never falls: a goal reached stays reached, a limit exceeded stays exceeded.
        kind = 'programme' OR kind = 'year' AND due_year = i.year AS only_grows,
        multiIf(
            goal IS NULL OR fact IS NULL, NULL,
            is_over AND due_year = i.year OR only_grows AND direction = 'up' AND fact >= goal,
            toFloat64(if(direction = 'up', fact >= goal, fact <= goal)),
            only_grows AND direction = 'down' AND fact > goal, 0,
            NULL
        ) AS decided
    FROM indicators AS i
    INNER JOIN reference.programme_indicators AS p ON p.code = i.indicator
    LEFT JOIN bands AS y ON y.code = i.indicator AND y.month = i.month AND y.horizon = 0
    LEFT JOIN bands AS d ON d.code = i.indicator AND d.month = i.month AND d.year + d.horizon = i.due_year
)
SELECT
    month,
    indicator,
    method,
    forecast,
    forecast_low,
    forecast_high,
    forecast_due,
    forecast_due_low,
    forecast_due_high,
    multiIf(
        decided IS NOT NULL, decided,
        goal IS NULL OR n_due < 4, NULL,
        reaching / (n_due + 1)
    ) AS probability_low,
    if(decided IS NULL, probability_low + 1 / (n_due + 1), decided) AS probability_high,
    toUInt16(n) AS errors_used,
    if(
        fact IS NULL,
        'Нет данных.',
        concat(
            if(
                is_over,
                'Год завершён: это итог.',
                concat(
                    'Способ: ',
                    transform(
                        method,
                        ['seasonal_naive', 'run_rate', 'mean_share', 'damped'],
                        [
                            'остаток года как в прошлом году',
                            'нынешний темп сохранится',
                            'по средней доле года за два прошлых года',
                            'среднее между правилом программы и нынешним темпом'
                        ],
                        'правило программы'
                    ),
                    '. ',
                    {{ in_words('year', 'n', 'errors') }}
                )
            ),
            if(due_year > year, concat(' ', {{ in_words('due_year', 'n_due', 'errors_due') }}), '')
        )
    ) AS note
FROM joined
