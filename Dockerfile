# One image for all of Airflow's services (docker-compose.yaml): the lock, then our code.
FROM python:3.12.11-slim-bookworm

# The owner of inbox/ and archive/ on the host, so that processed files can be moved.
ARG AIRFLOW_UID=50000

ENV AIRFLOW_HOME=/opt/airflow \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

RUN useradd --uid "${AIRFLOW_UID}" --gid 0 --home-dir "${AIRFLOW_HOME}" --create-home airflow \
    && install -d -o airflow -g 0 -m 0750 \
        "${AIRFLOW_HOME}/logs" "${AIRFLOW_HOME}/report" "${AIRFLOW_HOME}/metrica-rate-limit"

WORKDIR /opt/municipal-indicators

COPY requirements-server.txt ./
RUN pip install --require-hashes --no-deps -r requirements-server.txt && pip check

# Editable, since the SQL and reference lists are found beside the package, as in a clone.
COPY pyproject.toml LICENSE programme.yaml ./
COPY reference reference
COPY sql sql
COPY plugins plugins
COPY dags dags
COPY deploy/airflow deploy/airflow
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q plugins dags

USER airflow
CMD ["airflow", "version"]
