"""What Airflow's own UI shows of ours: the menu entry of the report, and who may open it.

Every Airflow process loads ``plugin``, so that it imports nothing but Airflow's plugin class; the
api-server alone asks for the web application, which ``report_app`` then makes.
"""
