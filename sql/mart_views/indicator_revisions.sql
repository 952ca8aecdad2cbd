(
    period_start Date COMMENT 'Начало закрытого периода, первый день',
    period_end Date COMMENT 'Конец закрытого периода, последний день',
    version UInt8 COMMENT 'Версия: 1 первая, 2 уточнённая',
    closed_at DateTime('UTC') COMMENT 'Когда период закрыт',
    closed_by String COMMENT 'Кто закрыл период',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    reported_fact Nullable(Float64)
        COMMENT 'Факт в отчёте: последнего месяца периода, каким он был при закрытии',
    present_fact Nullable(Float64) COMMENT 'Факт сейчас',
    difference Nullable(Float64) COMMENT 'Разница: сейчас минус в отчёте; пусто, если одного из них нет',
    causes Array(Tuple(load_id UUID, source String, unit String, contribution Float64))
        COMMENT 'Причины: загрузки и вклад каждой, в единицах показателя; вклады складываются в разницу. Без загрузки (source = passport) — паспорт программы или правила подсчёта',
    reason String COMMENT 'Причина отклонения от плана, указанная при закрытии'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
-- How the difference is shared out: docs/indicators.md#что-изменилось-после-отчёта. Read with the rights of
-- whoever made it, since the ledger is not for the readers of marts; computed when it is read, so that a
-- closing shows at once.
WITH
    toUUID('00000000-0000-0000-0000-000000000000') AS nothing,
    'паспорт программы или правила подсчёта' AS other_words,
    closed AS
    (
        SELECT
            c.closing_id AS closing_id,
            c.period_start AS period_start,
            c.period_end AS period_end,
            c.version AS version,
            c.closed_at AS closed_at,
            c.closed_by AS closed_by,
            c.built_at AS built_at,
            v.indicator AS indicator,
            v.month AS month,
            c.reasons[toString(v.indicator)] AS reason,
            v.fact AS reported_fact,
            i.fact AS present_fact,
            present_fact - reported_fact AS difference,
            -- What a numerator of 1 more and a denominator of 1 more are worth. Of a ratio: at the mean of
            -- both states, so that both effects add up to the difference.
            if(
                v.denominator IS NULL OR i.denominator IS NULL,
                1,
                50 * (1 / nullIf(v.denominator, 0) + 1 / nullIf(i.denominator, 0))
            ) AS of_numerator,
            -50 * (v.numerator + i.numerator) / nullIf(v.denominator * i.denominator, 0) AS of_denominator
        FROM ops.closings AS c
        INNER JOIN ops.closing_values AS v ON v.closing_id = c.closing_id
        LEFT JOIN marts.indicators_monthly AS i ON i.indicator = v.indicator AND i.month = v.month
        WHERE v.month = toStartOfMonth(c.period_end)
    ),
    changed AS
    (
        SELECT * FROM closed WHERE NOT (reported_fact <=> present_fact)
    ),
    published AS
    (
        SELECT
            p.load_id AS load_id,
            p.source AS source,
            p.dataset AS dataset,
            p.unit_key AS unit_key,
            p.unit AS unit,
            max(e.loaded) AS loaded,
            max(e.at) AS published_at
        FROM ops.published AS p
        INNER JOIN ops.load_events AS e ON e.load_id = p.load_id AND e.unit_key = p.unit_key
        WHERE e.status = 'published'
        GROUP BY ALL
    ),
    -- The parts as reported (is_kept) and as they are.
    sides AS
    (
        SELECT
            c.closing_id AS closing_id,
            c.indicator AS indicator,
            p.kind AS kind,
            p.part AS part,
            true AS is_kept,
            ifNull(p.numerator_part, 0) AS numerator,
            ifNull(p.denominator_part, 0) AS denominator,
            p.load_ids AS load_ids
        FROM changed AS c
        INNER JOIN ops.closing_parts AS p ON p.closing_id = c.closing_id AND p.indicator = c.indicator
        UNION ALL
        SELECT
            c.closing_id,
            c.indicator,
            e.kind,
            e.part,
            false,
            ifNull(e.numerator_part, 0),
            ifNull(e.denominator_part, 0),
            e.load_ids
        FROM changed AS c
        INNER JOIN marts.indicator_evidence AS e ON e.indicator = c.indicator AND e.month = c.month
    ),
    -- Loads that may have changed a part. 1: a load of it that was published after the marts that were
    -- reported, of a content that they did not have or of a day; 2: of a content that they had, read anew;
    -- 3: a newer version of a day that the part came from; 4: what it came from, if that was withdrawn.
    suspects AS
    (
        SELECT
            s.closing_id AS closing_id,
            s.indicator AS indicator,
            s.kind AS kind,
            s.part AS part,
            if(s.source = 'metrica' OR k.unit_key = '', 1, 2) AS rank,
            s.load_id AS load_id,
            s.source AS source,
            s.unit AS unit,
            s.loaded AS loaded
        FROM
        (
            SELECT
                s.*,
                p.source AS source,
                p.dataset AS dataset,
                p.unit_key AS unit_key,
                p.unit AS unit,
                p.loaded AS loaded
            FROM
            (
                SELECT closing_id, indicator, kind, part, arrayJoin(load_ids) AS load_id
                FROM sides
                WHERE NOT is_kept
            ) AS s
            INNER JOIN published AS p ON p.load_id = s.load_id
            INNER JOIN ops.closings AS c ON c.closing_id = s.closing_id
            WHERE p.published_at > c.built_at
                AND (s.closing_id, s.load_id) NOT IN (SELECT closing_id, load_id FROM ops.closing_loads)
        ) AS s
        LEFT JOIN ops.closing_loads AS k ON k.closing_id = s.closing_id AND k.source = s.source
            AND k.dataset = s.dataset AND k.unit_key = s.unit_key
        UNION ALL
        SELECT
            s.closing_id,
            s.indicator,
            s.kind,
            s.part,
            if(p.unit_key = '', 4, 3),
            if(p.unit_key = '', s.load_id, p.load_id),
            k.source,
            k.unit,
            greatest(k.loaded, p.loaded)
        FROM
        (
            SELECT closing_id, indicator, kind, part, arrayJoin(load_ids) AS load_id FROM sides WHERE is_kept
        ) AS s
        INNER JOIN ops.closing_loads AS k ON k.closing_id = s.closing_id AND k.load_id = s.load_id
        INNER JOIN ops.closings AS c ON c.closing_id = s.closing_id
        LEFT JOIN published AS p
            ON p.source = k.source AND p.dataset = k.dataset AND p.unit_key = k.unit_key
        WHERE p.unit_key = ''
            OR p.source = 'metrica' AND p.load_id != s.load_id AND p.published_at > c.built_at
    ),
    loads AS
    (
        SELECT s.load_id AS load_id, any(s.source) AS source, any(s.unit) AS unit, any(s.loaded) AS loaded
        FROM suspects AS s
        GROUP BY load_id
    ),
    -- The loads of the best rank that the part has; without any, those of the whole indicator.
    blamed AS
    (
        SELECT
            closing_id,
            indicator,
            kind,
            part,
            arrayFirst(
                loads -> notEmpty(loads),
                arrayConcat(of_part, of_indicator, [[nothing]])
            ) AS load_ids
        FROM
        (
            SELECT
                d.closing_id AS closing_id,
                d.indicator AS indicator,
                d.kind AS kind,
                d.part AS part,
                arrayMap(rank -> arraySort(arrayDistinct(arrayFilter(
                    (load, its) -> its = rank, p.load_ids, p.ranks))), [1, 2, 3, 4]) AS of_part,
                arrayMap(rank -> arraySort(arrayDistinct(arrayFilter(
                    (load, its) -> its = rank, w.load_ids, w.ranks))), [1, 2, 3, 4]) AS of_indicator
            FROM (SELECT DISTINCT closing_id, indicator, kind, part FROM sides) AS d
            LEFT JOIN
            (
                SELECT
                    closing_id,
                    indicator,
                    kind,
                    part,
                    groupArray(load_id) AS load_ids,
                    groupArray(rank) AS ranks
                FROM suspects
                GROUP BY closing_id, indicator, kind, part
            ) AS p ON p.closing_id = d.closing_id AND p.indicator = d.indicator
                AND p.kind = d.kind AND p.part = d.part
            LEFT JOIN
            (
                SELECT closing_id, indicator, groupArray(load_id) AS load_ids, groupArray(rank) AS ranks
                FROM suspects GROUP BY closing_id, indicator
            ) AS w ON w.closing_id = d.closing_id AND w.indicator = d.indicator
        )
    ),
    effects AS
    (
        SELECT
            s.closing_id AS closing_id,
            s.indicator AS indicator,
            s.kind AS kind,
            s.part AS part,
            sum(if(s.is_kept, -s.numerator, s.numerator)) AS more_numerator,
            sum(if(s.is_kept, -s.denominator, s.denominator)) AS more_denominator
        FROM sides AS s
        GROUP BY closing_id, indicator, kind, part
        HAVING more_numerator != 0 OR more_denominator != 0
    ),
    -- Several loads of a part share its effect by the number of their rows.
    (SELECT mapFromArrays(groupArray(load_id), groupArray(loaded)) FROM loads) AS sizes,
    shares AS
    (
        SELECT
            e.closing_id AS closing_id,
            e.indicator AS indicator,
            arrayJoin(b.load_ids) AS load_id,
            length(b.load_ids) AS number,
            arraySum(arrayMap(id -> sizes[id], b.load_ids)) AS size,
            if(
                c.difference IS NULL,
                0,
                (
                    e.more_numerator * ifNull(c.of_numerator, 0)
                    + e.more_denominator * ifNull(c.of_denominator, 0)
                ) * if(size = 0, 1 / number, sizes[load_id] / size)
            ) AS contribution
        FROM effects AS e
        INNER JOIN changed AS c ON c.closing_id = e.closing_id AND c.indicator = e.indicator
        INNER JOIN blamed AS b ON b.closing_id = e.closing_id AND b.indicator = e.indicator
            AND b.kind = e.kind AND b.part = e.part
    ),
    summed AS
    (
        SELECT
            closing_id,
            indicator,
            arraySort(
                one -> (-abs(one.4), one.3, one.1),
                groupArray((load_id, source, unit, contribution))
            ) AS found,
            arraySum(one -> one.4, found) AS explained
        FROM
        (
            SELECT
                s.closing_id AS closing_id,
                s.indicator AS indicator,
                s.load_id AS load_id,
                if(s.load_id = nothing, 'passport', any(toString(l.source))) AS source,
                if(s.load_id = nothing, other_words, any(l.unit)) AS unit,
                sum(s.contribution) AS contribution
            FROM shares AS s
            LEFT JOIN loads AS l ON l.load_id = s.load_id
            GROUP BY closing_id, indicator, load_id
        )
        GROUP BY closing_id, indicator
    )
SELECT
    c.period_start AS period_start,
    c.period_end AS period_end,
    c.version AS version,
    c.closed_at AS closed_at,
    c.closed_by AS closed_by,
    c.indicator AS indicator,
    c.reported_fact AS reported_fact,
    c.present_fact AS present_fact,
    c.difference AS difference,
    -- What rounding leaves goes to the largest one; what no part explains is a cause of its own.
    multiIf(
        c.difference IS NULL, s.found,
        c.difference = 0, [],
        empty(s.found) OR abs(c.difference - s.explained) > 1e-9 * greatest(1, abs(c.reported_fact)),
            arrayConcat(s.found, [(nothing, 'passport', other_words, c.difference - s.explained)]),
        arrayConcat(
            [(
                s.found[1].1,
                s.found[1].2,
                s.found[1].3,
                c.difference - arraySum(one -> one.4, arrayPopFront(s.found))
            )],
            arrayPopFront(s.found)
        )
    ) AS causes,
    c.reason AS reason
FROM closed AS c
LEFT JOIN summed AS s ON s.closing_id = c.closing_id AND s.indicator = c.indicator
COMMENT 'Что изменилось после отчёта: одна строка на закрытый период, версию и показатель'
