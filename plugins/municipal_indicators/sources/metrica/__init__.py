"""Yandex.Metrica as a source: its API, the plan of a run, and the load of its logs.

The modules, from the API up to the DAG:

- ``api_call``, ``api_models``, ``api_errors``, ``rate_limit``, ``client``, ``reporting``, ``hook``
  and ``provider`` are the client of the API and its Airflow connection;
- ``fields`` and ``staging`` say which fields are requested and how their cells become columns;
- ``days``, ``site_plan``, ``runs`` and ``run_planning`` decide which days a run loads;
- ``logs_api``, ``request_ledger`` and ``log_requests`` create, reuse and clean log requests;
- ``log_load``, ``reload_changes``, ``checkpoint`` and ``site_load`` load the logs of a site;
- ``trigger``, ``operators`` and ``reconciliation`` are what the tasks of the DAGs run
  (``dag_support/metrica_tasks.py`` wires them).

Nothing here knows marts or indicators.
"""
