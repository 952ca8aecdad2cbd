"""ClickHouse: the client, its schema, the ledger of loads, bulk inserts, retention; no business words."""
