-- Whether an archived file went on growing is told by its first bytes.
ALTER TABLE ops.files ADD COLUMN IF NOT EXISTS size UInt64 DEFAULT 0 COMMENT 'Размер, байт; 0 — не записан';
