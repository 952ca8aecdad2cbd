"""The tree of our errors; no handling lives here.

::

    IndicatorsError
    ├── ConfigurationError          a setting, connection or passport is wrong: correct it, then run again
    │   ├── PassportError
    │   ├── MigrationError
    │   └── WarehouseAccessError    the server refuses our login or lacks a right for it
    ├── WarehouseBusyError          another process holds the embedded warehouse
    ├── WarehouseUnreachableError   no answer from the server, or half of one: try again
    ├── StorageError                a folder or disk is full, read-only or closed: the message names it
    ├── UnbalancedLoadError         delivered ≠ loaded + quarantined + duplicates: nothing was published
    ├── DataCheckError              a mart holds rows that must not be; the message names check and rows
    ├── ChannelError                a message could not be sent: it is kept, and sent by the next run
    ├── FileRejectedError           a whole file cannot be taken; carries a text for its sender
    ├── ParserDiedError             the child that parsed a file died of it: one more attempt
    └── MetricaError                the Metrica API refused or broke
        ├── MetricaAccessError      401 or 403: token, scope or grant; a repeat cannot help
        ├── MetricaRequestError     400 or 404: what we asked for cannot be had
        ├── MetricaQuotaError       420 or 429: wait, or ask for less
        └── MetricaUnavailableError 5xx, a cut connection, a wait beyond its limit: try again
"""

from __future__ import annotations


class IndicatorsError(Exception):
    """Root of every error that this project raises on purpose."""


class ConfigurationError(IndicatorsError):
    """A setting, a connection or a reference file is missing or impossible."""


class PassportError(ConfigurationError):
    """The passport of the programme is wrong; the message names file, place and what is allowed."""


class MigrationError(ConfigurationError):
    """The record of applied migrations and the files in ``sql/migrations`` disagree."""


class WarehouseAccessError(ConfigurationError):
    """The server refuses the login of ``clickhouse_default``, or that user lacks a right."""


class WarehouseUnreachableError(IndicatorsError):
    """The server or a proxy before it gave no answer or half of one; whether the statement ran is unknown."""


class WarehouseBusyError(IndicatorsError):
    """The embedded warehouse stayed in another process's hands beyond the time limit."""


class StorageError(IndicatorsError):
    """A folder or disk is full, read-only or closed to us; the message names it and the way out."""


class UnbalancedLoadError(IndicatorsError):
    """Delivered rows are not the sum of loaded, quarantined and duplicate ones."""


class DataCheckError(IndicatorsError):
    """A check of ``sql/checks`` found rows that must not exist."""


class ChannelError(IndicatorsError):
    """A message was not taken; the text names no address and no secret."""


class FileRejectedError(IndicatorsError):
    """A file cannot be taken as a whole.

    ``reason`` is the engineer's English sentence, ``for_sender`` the Russian one that goes
    into the reason file beside the rejected copy. Neither may quote the file's contents.
    """

    def __init__(self, reason: str, for_sender: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_sender = for_sender

    def __reduce__(self) -> tuple[type[FileRejectedError], tuple[str, str]]:
        # It is raised in a child and handed over.
        return type(self), (self.reason, self.for_sender)


class ParserDiedError(IndicatorsError):
    """The child that parsed a file died of it, or gave no answer; a second attempt decides."""


class MetricaError(IndicatorsError):
    """The Metrica API refused a request or broke while answering it."""


class MetricaAccessError(MetricaError):
    """401 or 403: the token, its scope or the grant on the counter is wrong."""


class MetricaRequestError(MetricaError):
    """400 or 404: the request itself cannot be fulfilled; repeating it changes nothing."""


class MetricaQuotaError(MetricaError):
    """420 or 429, or too little storage left for the requested days."""


class MetricaUnavailableError(MetricaError):
    """5xx, a broken transfer, or a preparation that took longer than we wait."""
