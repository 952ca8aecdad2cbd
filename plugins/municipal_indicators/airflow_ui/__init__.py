"""The report in Airflow's own UI: its menu entry, and who may open it.

Every Airflow process loads ``plugin``, which therefore imports nothing but Airflow's plugin class. Only
the api-server asks for the web application, which ``report_app`` then creates.
"""
