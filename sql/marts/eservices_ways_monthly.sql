-- Month × way to count eservices_share: all denominators side by side, each with its list and the date of it.
{% from 'macros/evidence.sql' import named, files %}
{% from 'macros/eservices.sql' import eservices %}
{% from 'macros/words.sql' import word %}
{%- set ways = ['catalogue', 'msu_list', 'applications'] -%}
WITH {{ files('gosuslugi') }},
sums AS
(
{%- for way in ways %}
    {{ 'UNION ALL' if not loop.first }}
    SELECT
        '{{ way }}' AS way,
        month,
        sum(numerator_part) AS electronic,
        sum(denominator_part) AS everything,
        argMax(register, (register.3, register)) AS newest,
        uniqExact(register.1) - 1 AS others
    FROM ({{ eservices(way) }})
    GROUP BY month
{%- endfor %}
),
active AS
(
    SELECT month, count() AS services, countIf(is_listed IS NULL) AS unlisted
    FROM
    (
{% include 'macros/services.sql' %}
    )
    WHERE is_active AND startsWith(level, 'муницип')
    GROUP BY month
)
SELECT
    m.month AS month,
    w.way AS way,
    {{ word('w.way', way_names) }} AS way_name,
    least(m.month_end, r.data_through) AS through,
    makeDate(m.year, 1, 1) AS january,
    multiIf(
        s.everything = 0, '',
        w.way = 'applications',
        concat(
            'заявления с ', formatDateTime(january, '%d.%m.%Y'),
            ' по ', formatDateTime(through, '%d.%m.%Y')
        ),
        concat(
            if(w.way = 'msu_list', 'перечень МСЗУ: ', 'перечень услуг: '),
            {{ named('[(s.newest.1, s.newest.2)]') }}[1],
            ', от ', formatDateTime(as_of, '%d.%m.%Y'),
            if(s.others = 0, '', concat(' и ещё файлов: ', toString(s.others)))
        )
    ) AS list,
    multiIf(
        s.everything = 0, NULL,
        w.way = 'applications', through,
        toDate(s.newest.3, {{ time_zone | literal }})
    ) AS as_of,
    nullIf(s.everything, 0) AS denominator,
    if(denominator IS NULL, NULL, s.electronic) AS numerator,
    numerator / denominator * 100 AS share,
    w.way = {{ eservices_count | literal }} AS is_chosen,
    multiIf(
        w.way = 'applications' AND denominator IS NOT NULL, '',
        w.way = 'applications' AND ifNull(through >= january, false), 'с начала года заявлений нет',
        w.way = 'applications', 'данных о заявлениях за этот год нет',
        ifNull(a.services, 0) = 0, 'на конец месяца нет действующих муниципальных услуг',
        w.way = 'catalogue', '',
        a.unlisted = a.services, 'в перечне услуг нет столбца «МСЗУ»',
        denominator IS NULL, 'на конец месяца в перечне МСЗУ нет действующих муниципальных услуг',
        a.unlisted = 0, '',
        concat('не сказано, входят ли в перечень МСЗУ, о действующих услугах: ', toString(a.unlisted))
    ) AS note
FROM intermediate.programme_months AS m
CROSS JOIN (SELECT arrayJoin([{{ ways | map('literal') | join(', ') }}]) AS way) AS w
CROSS JOIN (SELECT data_through FROM intermediate.source_reach WHERE source = 'gosuslugi') AS r
LEFT JOIN sums AS s ON s.month = m.month AND s.way = w.way
LEFT JOIN active AS a ON a.month = m.month
