"""Yandex.Metrica as a source: how to ask its APIs and how its answers become staged text.

``hook`` and ``client`` speak the protocol, ``fields`` says what we ask for, ``plan`` which days,
``orders`` finds, orders and cleans a log request, ``visits`` loads what it brought, ``life`` ties
these together, ``trigger`` waits without a worker and ``operators`` is the task. Nothing here
knows marts or indicators.
"""
