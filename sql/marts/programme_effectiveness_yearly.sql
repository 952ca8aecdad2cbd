-- Year × method of reference/effectiveness.yaml: how effective the programme was, and the parts that it was
-- judged by (docs/indicators.md#оценка). The plans are those of the edition in force on 31 December.
{% from 'macros/indicator_years.sql' import indicator_years, year_editions %}
{% from 'macros/money.sql' import executed_by_year %}
WITH editions AS ({{ year_editions(today) }}),
rated AS
(
    SELECT
        y.year AS year,
        m.method AS method,
        y.position AS position,
        n.name AS name,
        y.weight AS weight,
        y.plan_december IS NULL AND m.missing_plan = 'linear_path' AS is_on_path,
        coalesce(
            y.plan_december,
            if(
                is_on_path AND y.due_year > y.base_year,
                y.base_value
                    + (y.goal - y.base_value) * (y.year - y.base_year) / (y.due_year - y.base_year),
                NULL
            )
        ) AS plan,
        y.fact AS fact,
        multiIf(
            plan IS NULL, NULL,
            fact IS NULL, if(m.missing_fact = 'zero', toNullable(0.0), NULL),
            y.relation = 'equal', if(fact = plan, 1, greatest(0, least(fact / plan, plan / fact))),
            y.direction = 'down', if(fact <= 0, 1, plan / fact),
            plan = 0, if(m.zero_plan = 'achieved', toFloat64(fact >= 0), NULL),
            greatest(0, fact / plan)
        ) AS rate,
        if(rate > m.cap, m.cap, rate) AS attained
    FROM ({{ indicator_years(today) }}) AS y
    INNER JOIN reference.programme_indicators AS n ON n.code = y.code
    CROSS JOIN reference.effectiveness_methods AS m
),
indicators AS
(
    SELECT
        year,
        method,
        if(
            countIf(attained IS NOT NULL AND weight IS NULL) = 0,
            sumOrNull(attained * weight) / sumOrNullIf(weight, attained IS NOT NULL),
            avgOrNull(attained)
        ) AS attainment,
        countIf(rate >= 1) / nullIf(countIf(rate IS NOT NULL), 0) AS achieved_share,
        countIf(attained IS NOT NULL AND weight IS NULL) > 0
            AND countIf(weight IS NOT NULL) > 0 AS is_half_weighed,
        {#- Names in the order of the passport. #}
        {%- for list, which in (
            ('planless', 'plan IS NULL'),
            ('factless', 'plan IS NOT NULL AND fact IS NULL'),
            ('on_path', 'is_on_path AND plan IS NOT NULL'),
        ) %}
        arrayMap(x -> x.2, arraySort(groupArrayIf((position, name), {{ which }})))
            AS {{ list }}{{ ',' if not loop.last }}
        {%- endfor %}
    FROM rated
    GROUP BY year, method
),
events AS
(
    SELECT e.year AS year, count() AS planned, countIf(h.year > 0) AS held
    FROM
    (
        SELECT
            y.year AS year,
            replaceRegexpAll(lowerUTF8(p.name), '\\s+', '') AS title_key
        FROM editions AS y
        INNER JOIN reference.programme_events AS p ON p.edition_date = assumeNotNull(y.december)
        WHERE toYear(p.due) = y.year
    ) AS e
    LEFT JOIN (SELECT DISTINCT toYear(held_on) AS year, title_key FROM core.events) AS h
        ON h.year = e.year AND h.title_key = e.title_key
    GROUP BY e.year
),
planned_money AS
(
    SELECT
        y.year AS year,
        toFloat64(any(f.plan)) AS all_sources,
        all_sources - toFloat64(sumIf(s.plan, s.source = 'extrabudgetary')) AS budget
    FROM editions AS y
    INNER JOIN reference.programme_funding AS f
        ON f.year = y.year AND f.edition_date = assumeNotNull(y.december)
    LEFT JOIN reference.programme_funding_sources AS s
        ON s.year = y.year AND s.edition_date = f.edition_date
    GROUP BY year
),
spent_money AS
(
    {{ executed_by_year() }}
),
parts AS
(
    SELECT
        i.year AS year,
        i.method AS method,
        i.attainment AS attainment,
        i.achieved_share AS achieved_share,
        i.is_half_weighed AS is_half_weighed,
        i.planless AS planless,
        i.factless AS factless,
        i.on_path AS on_path,
        e.planned AS planned_events,
        if(e.planned > 0, toNullable(e.held / e.planned), NULL) AS events_share,
        toFloat64(if(m.money = 'all', s.executed, s.of_budget)) AS spent,
        if(m.money = 'all', p.all_sources, p.budget) AS planned,
        spent / nullIf(planned, 0) AS spending_share,
        events_share / nullIf(spending_share, 0) AS efficiency,
        m.version AS version,
        m.is_default AS is_default,
        m.formula AS formula,
        m.thresholds AS thresholds,
        m.verdicts AS verdicts,
        m.points AS points
    FROM indicators AS i
    INNER JOIN reference.effectiveness_methods AS m ON m.method = i.method
    LEFT JOIN events AS e ON e.year = i.year
    LEFT JOIN
    (
        SELECT year, toNullable(all_sources) AS all_sources, toNullable(budget) AS budget FROM planned_money
    ) AS p ON p.year = i.year
    LEFT JOIN spent_money AS s ON s.year = i.year
),
valued AS
(
    SELECT
        *,
        CAST(
            multiIf(
                {%- for method in methods %}
                method = {{ method.code | literal }}, {{ method.formula }},
                {%- endfor %}
                NULL
            ),
            'Nullable(Float64)'
        ) AS result,
        if(isFinite(result), result, NULL) AS finite,
        multiIf(
            finite IS NULL, NULL,
            empty(points), finite,
            tupleElement(
                arrayFirst(
                    step -> finite >= step.1 AND finite <= step.2, arrayPushBack(points, (-inf, inf, 0))
                ),
                3
            )
        ) AS value,
        if(
            value IS NULL OR empty(verdicts), '',
            verdicts[arrayFirstIndex(t -> value >= t, arrayPushBack(thresholds, -inf))]
        ) AS verdict
    FROM parts
),
judged AS
(
    SELECT
        *,
        groupArrayIf((verdict, method), verdict != '') OVER (PARTITION BY year) AS all_verdicts
    FROM valued
)
SELECT
    year,
    method,
    version,
    is_default,
    attainment,
    events_share,
    spending_share,
    efficiency,
    value,
    verdict,
    arrayStringConcat(arrayFilter(said -> said != '', [
        if(makeDate(year, 12, 31) < {{ today | literal }}, '', 'год не закончен: оценка на день расчёта'),
        if(
            value IS NULL AND position(formula, 'efficiency') + position(formula, 'events_share') > 0
                AND planned_events = 0,
            'паспорт не называет мероприятий этого года: СРм и Эис не определены', ''
        ),
        if(
            value IS NULL AND position(formula, 'efficiency') + position(formula, 'spending_share') > 0,
            multiIf(
                planned IS NULL OR planned = 0, 'нет плана финансирования: ССуз не определена',
                spent IS NULL OR spent = 0, 'нет кассового исполнения: ССуз не определена', ''
            ), ''
        ),
        if(attainment IS NULL, 'нет ни одного показателя с планом и фактом за год', ''),
        if(empty(planless), '', concat('без планового значения за год: ', arrayStringConcat(planless, ', '))),
        if(empty(factless), '', concat('факта нет: ', arrayStringConcat(factless, ', '))),
        if(empty(on_path), '', concat('план по прямой к цели: ', arrayStringConcat(on_path, ', '))),
        if(is_half_weighed, 'вес указан не у всех показателей: среднее без весов', ''),
        if(value IS NOT NULL AND empty(verdicts), 'шкалы словами акт не даёт', ''),
        if(is_default AND notEmpty(all_verdicts), concat(
            'по всем способам: ',
            arrayStringConcat(arrayMap(
                word -> concat(
                    word, ' — ',
                    arrayStringConcat(arraySort(arrayMap(
                        one -> one.2, arrayFilter(one -> one.1 = word, all_verdicts)
                    )), ', ')
                ),
                arraySort(arrayDistinct(arrayMap(one -> one.1, all_verdicts)))
            ), '; ')
        ), '')
    ]), '; ') AS note
FROM judged
