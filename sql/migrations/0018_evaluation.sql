-- What the acts say besides targets, the plans of a year by its editions, and how the programme is judged.
ALTER TABLE reference.programme_indicators
    ADD COLUMN IF NOT EXISTS relation LowCardinality(String)
        COMMENT 'Отношение факта к плану: at_least не менее, at_most не более, equal равно; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS okei LowCardinality(String) COMMENT 'Код единицы по ОКЕИ; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS level String COMMENT 'Уровень показателя; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS purpose LowCardinality(String)
        COMMENT 'Показатель чего: goal цели, task задачи, event мероприятия; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS weight Nullable(Float64) COMMENT 'Вес в оценке; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS is_cumulative Nullable(Bool) COMMENT 'Нарастающий итог; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS base_value Nullable(Float64) COMMENT 'Базовое значение; пусто — неизвестно',
    ADD COLUMN IF NOT EXISTS base_year Nullable(UInt16) COMMENT 'Год базового значения',
    ADD COLUMN IF NOT EXISTS responsible String COMMENT 'Ответственный; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS data_source String COMMENT 'Источник данных по акту; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS method_version String COMMENT 'Версия методики; пусто — не сказано';

ALTER TABLE reference.programme_editions
    ADD COLUMN IF NOT EXISTS act_kind String COMMENT 'Вид акта',
    ADD COLUMN IF NOT EXISTS act_number String COMMENT 'Номер акта; пусто — не сказано',
    ADD COLUMN IF NOT EXISTS act_date Nullable(Date) COMMENT 'Дата акта; пусто — не сказано';

CREATE TABLE IF NOT EXISTS reference.programme_funding_sources
(
    edition_date Date COMMENT 'Редакция',
    year UInt16 COMMENT 'Год',
    source LowCardinality(String)
        COMMENT 'Источник денег: municipal местный, regional областной, federal федеральный, extrabudgetary внебюджетные',
    plan Decimal(18, 2) COMMENT 'План, рублей'
)
ENGINE = MergeTree
ORDER BY (edition_date, year, source)
COMMENT 'Плановое финансирование по источникам, где акт его делит';

CREATE TABLE IF NOT EXISTS reference.programme_events
(
    edition_date Date COMMENT 'Редакция',
    code String COMMENT 'Номер мероприятия в плане',
    name String COMMENT 'Мероприятие',
    due Date COMMENT 'Срок по плану',
    result String COMMENT 'Ожидаемый результат; пусто — не сказано'
)
ENGINE = MergeTree
ORDER BY (edition_date, due, code)
COMMENT 'Плановые мероприятия по редакциям';

CREATE TABLE IF NOT EXISTS reference.effectiveness_methods
(
    method LowCardinality(String) COMMENT 'Код способа оценки',
    name String COMMENT 'Способ оценки',
    version String COMMENT 'Акт и редакция, по которым оценка считается',
    is_default Bool COMMENT 'Этот способ выбран паспортом',
    formula String COMMENT 'Формула из частей оценки',
    cap Nullable(Float64)
        COMMENT 'Больше этого достижение одного показателя не засчитывается; пусто — без предела',
    zero_plan LowCardinality(String)
        COMMENT 'План 0 у растущего показателя: achieved выполнен, leave_out не учитывается',
    missing_fact LowCardinality(String) COMMENT 'Факта нет: zero считается нулём, leave_out не учитывается',
    missing_plan LowCardinality(String)
        COMMENT 'Плана на год нет: leave_out не учитывается, linear_path прямая от базового значения к цели',
    money LowCardinality(String) COMMENT 'Деньги: all все источники, budget без внебюджетных',
    thresholds Array(Float64) COMMENT 'Границы оценок по убыванию',
    verdicts Array(String) COMMENT 'Оценки словами, на одну больше, чем границ; пусто — акт их не даёт',
    points Array(Tuple(Float64, Float64, Float64)) COMMENT 'Баллы: значение от, до, балл; пусто — без баллов'
)
ENGINE = MergeTree
ORDER BY method
COMMENT 'Способы оценки эффективности программы (reference/effectiveness.yaml)';

CREATE TABLE IF NOT EXISTS mart_rows.programme_plans_yearly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    year UInt16 COMMENT 'Год',
    subject LowCardinality(String) COMMENT 'О чём: код показателя, или funding финансирование',
    plan_january Nullable(Float64)
        COMMENT 'План по редакции, действовавшей 1 января, в единицах показателя; финансирование в рублях',
    plan_december Nullable(Float64)
        COMMENT 'План по редакции, действовавшей (или уже принятой) на 31 декабря',
    plan_now Nullable(Float64) COMMENT 'План по редакции на день расчёта, не позже 31 декабря',
    fact Nullable(Float64)
        COMMENT 'Факт на конец года или на последний месяц; финансирование — касса в рублях',
    is_over Bool COMMENT 'Год закончился',
    changed_on Nullable(Date)
        COMMENT 'Когда план этого года менялся в самом году в последний раз; пусто — не менялся',
    changed_by String COMMENT 'Каким документом; пусто — не менялся',
    year_share Nullable(Float64) COMMENT 'Какая часть года к этому дню прошла, от 0 до 1',
    is_eased Bool
        COMMENT 'За год план стал легче: ниже там, где больше — лучше, выше там, где меньше — лучше',
    verdict_january LowCardinality(String)
        COMMENT 'По плану 1 января: achieved выполнен, not_achieved не выполнен, no_plan нет плана, no_data нет факта',
    verdict_december LowCardinality(String) COMMENT 'По плану 31 декабря: те же слова'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (subject, year)
COMMENT 'Планы года по редакциям и выполнены ли они: одна строка на год и показатель';

CREATE TABLE IF NOT EXISTS mart_rows.programme_effectiveness_yearly
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    year UInt16 COMMENT 'Год',
    method LowCardinality(String) COMMENT 'Код способа оценки (reference/effectiveness.yaml)',
    version String COMMENT 'Акт и редакция способа',
    is_default Bool COMMENT 'Способ, выбранный паспортом; остальные показаны для сравнения',
    attainment Nullable(Float64) COMMENT 'СР: средняя степень достижения показателей, 1 — план выполнен',
    events_share Nullable(Float64)
        COMMENT 'СРм: доля плановых мероприятий года, которые проведены, от 0 до 1',
    spending_share Nullable(Float64) COMMENT 'ССуз: касса к плану года',
    efficiency Nullable(Float64) COMMENT 'Эис: СРм к ССуз',
    value Nullable(Float64)
        COMMENT 'Оценка по формуле способа; пусто — посчитать не из чего, почему — в примечании',
    verdict String COMMENT 'Оценка словами по шкале способа; пусто — оценки нет или акт не даёт шкалы',
    note String COMMENT 'Чего не хватило, что не учтено; у выбранного способа — как оценили бы остальные'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (year, method)
COMMENT 'Оценка эффективности программы: одна строка на год и способ';
