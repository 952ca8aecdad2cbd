-- Gosuslugi: rows of application registers and of service catalogues, under their load.
CREATE TABLE IF NOT EXISTS core.service_application_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги или файл архива',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    portal LowCardinality(String) COMMENT 'Пространство номеров: РПГУ или прочее',
    application_key String COMMENT 'Ключевой хеш номера заявления',
    service_code LowCardinality(String) COMMENT 'Код услуги',
    filed_on Date COMMENT 'Дата подачи в поясе программы',
    channel LowCardinality(String) COMMENT 'ЕПГУ, РПГУ, МФЦ, лично, почта, прочее',
    status_group LowCardinality(String)
        COMMENT 'in_progress, provided, refused, withdrawn, unknown; draft, failed и removed витрины не считают',
    status_at DateTime64(3, 'UTC') COMMENT 'Дата статуса, а без неё — дата подачи',
    finished_on Nullable(Date) COMMENT 'Дата окончательного статуса',
    due_on Nullable(Date) COMMENT 'Регламентный срок датой',
    due_working_days Nullable(UInt16) COMMENT 'Регламентный срок рабочими днями',
    applicant_type LowCardinality(String) COMMENT 'Тип заявителя: ФЛ, ЮЛ, ИП, прочее',
    rating Nullable(UInt8) COMMENT 'Оценка, 1–5'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки реестров заявлений; читать только через core.service_applications';

CREATE TABLE IF NOT EXISTS core.service_catalogue_rows
(
    unit_key String COMMENT 'Хеш содержимого файла',
    load_id UUID COMMENT 'Попытка загрузки',
    sheet String COMMENT 'Лист книги или файл архива',
    line UInt64 COMMENT 'Строка листа',
    file_at DateTime64(3, 'UTC') COMMENT 'Дата файла: из содержимого, иначе время изменения',
    arrived_at DateTime64(3, 'UTC') COMMENT 'Время изменения файла: решает, какой из равных по дате позже',
    is_dated Bool COMMENT 'Дата файла взята из содержимого',
    service_code LowCardinality(String) COMMENT 'Код услуги',
    service_name String COMMENT 'Наименование услуги',
    level LowCardinality(String) COMMENT 'Уровень услуги строчными буквами',
    is_electronic Bool COMMENT 'Подаётся электронно',
    valid_from Date COMMENT 'Действует с, включительно',
    valid_to Nullable(Date) COMMENT 'Действует по, включительно'
)
ENGINE = MergeTree
ORDER BY (unit_key, load_id, sheet, line)
COMMENT 'Строки каталогов услуг; читать только через core.service_catalogue';
