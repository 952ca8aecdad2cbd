-- What the forecasts are worth: rivals of the rule, the errors of the years before, bands and probabilities.
CREATE TABLE IF NOT EXISTS intermediate.method_forecasts
(
    code LowCardinality(String) COMMENT 'Код показателя',
    kind LowCardinality(String) COMMENT 'Как считается: share, growth, year, programme',
    month Date COMMENT 'Месяц, в котором сделан прогноз, первый день',
    year UInt16 COMMENT 'Год этого месяца',
    season UInt8 COMMENT 'По какой месяц года посчитано, 1–12',
    horizon UInt8 COMMENT 'Через сколько лет год, на конец которого прогноз; 0 — тот же',
    method LowCardinality(String) COMMENT 'Способ',
    forecast Float64 COMMENT 'Прогноз, в единицах показателя',
    sure Float64 COMMENT 'Что уже не изменится: накопленное; у прироста −100 %',
    margin Float64 COMMENT 'Прибавка, с которой сравниваются малые числа',
    actual Nullable(Float64) COMMENT 'Итог того года; пусто, пока он не завершён',
    is_over Bool COMMENT 'Год завершён этим месяцем: прогноз и есть итог',
    error Nullable(Float64)
        COMMENT 'Ошибка: у долей в процентных пунктах, у остальных логарифм отношения того, что предстояло',
    state String COMMENT 'Наблюдение: месяц; у долей — значение, пока оно не меняется'
)
ENGINE = MergeTree
ORDER BY (code, horizon, method, month)
COMMENT 'Что каждый способ говорил в каждом месяце и что вышло';

CREATE TABLE IF NOT EXISTS intermediate.forecast_bands
(
    code LowCardinality(String) COMMENT 'Код показателя',
    kind LowCardinality(String) COMMENT 'Как считается: share, growth, year, programme',
    month Date COMMENT 'Месяц, в котором сделан прогноз, первый день',
    year UInt16 COMMENT 'Год этого месяца',
    horizon UInt8 COMMENT 'Через сколько лет год, на конец которого прогноз; 0 — тот же',
    method LowCardinality(String) COMMENT 'Способ',
    forecast Float64 COMMENT 'Прогноз, в единицах показателя',
    low Nullable(Float64) COMMENT 'Нижняя граница, 80 %; пусто — мало истории',
    high Nullable(Float64) COMMENT 'Верхняя граница, 80 %; пусто — мало истории',
    errors Array(Float64) COMMENT 'Ошибки похожих случаев, известные в этом месяце, по возрастанию',
    outcomes Array(Float64) COMMENT 'Итоги, к которым пришёл бы прогноз с каждой из них',
    actual Nullable(Float64) COMMENT 'Итог того года; пусто, пока он не завершён',
    is_over Bool COMMENT 'Год завершён этим месяцем: прогноз и есть итог'
)
ENGINE = MergeTree
ORDER BY (code, horizon, method, month)
COMMENT 'Прогнозы всех способов с границами по ошибкам прошлых лет';

CREATE TABLE IF NOT EXISTS mart_rows.indicator_forecasts
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    month Date COMMENT 'Месяц, первый день',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    method LowCardinality(String)
        COMMENT 'Способ: rule правило программы, seasonal_naive остаток года как в прошлом, run_rate нынешний темп, mean_share средняя доля года, damped среднее правила и темпа',
    forecast Nullable(Float64) COMMENT 'Прогноз на конец года этим способом; пусто, если нет факта',
    forecast_low Nullable(Float64) COMMENT 'Нижняя граница, 80 %; пусто — мало истории',
    forecast_high Nullable(Float64) COMMENT 'Верхняя граница, 80 %; пусто — мало истории',
    forecast_due Nullable(Float64) COMMENT 'Прогноз на конец года цели; пусто, если цели нет',
    forecast_due_low Nullable(Float64) COMMENT 'Его нижняя граница, 80 %; пусто — мало истории',
    forecast_due_high Nullable(Float64) COMMENT 'Его верхняя граница, 80 %; пусто — мало истории',
    probability_low Nullable(Float64)
        COMMENT 'Вероятность достичь цели в её год, не меньше; от 0 до 1; пусто — мало истории или нет цели',
    probability_high Nullable(Float64) COMMENT 'Вероятность достичь цели в её год, не больше',
    errors_used UInt16 COMMENT 'Сколько прошлых ошибок задают границы прогноза на конец года',
    note String COMMENT 'Способ и прошлые ошибки словами'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (indicator, month)
COMMENT 'Прогноз лучшим из способов с границами и вероятностью: одна строка на показатель и месяц';

CREATE TABLE IF NOT EXISTS mart_rows.forecast_accuracy
(
    build UUID COMMENT 'Сборка, которая посчитала строку',
    indicator LowCardinality(String) COMMENT 'Код показателя',
    method LowCardinality(String)
        COMMENT 'Способ: rule правило программы, seasonal_naive остаток года как в прошлом, run_rate нынешний темп, mean_share средняя доля года, damped среднее правила и темпа',
    month Date COMMENT 'Месяц, в котором сделан прогноз, первый день',
    year UInt16 COMMENT 'Год, на конец которого прогноз',
    forecast Nullable(Float64) COMMENT 'Прогноз, в единицах показателя',
    actual Nullable(Float64) COMMENT 'Итог года; пусто, пока он не завершён или не известен',
    error Nullable(Float64) COMMENT 'Итог минус прогноз',
    is_inside Nullable(Bool) COMMENT 'Итог оказался в границах, показанных тогда; пусто, если их не было'
)
ENGINE = MergeTree
PARTITION BY build
ORDER BY (indicator, method, month)
COMMENT 'Как сбывались прогнозы: одна строка на показатель, способ и месяц прогноза';
