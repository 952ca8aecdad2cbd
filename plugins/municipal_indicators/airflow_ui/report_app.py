"""The web application that serves the report page to logged-in users of Airflow."""

from __future__ import annotations

import os
import re
import stat
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from municipal_indicators import settings

# A user who may see the DAG that writes the page may see the page.
WRITER = "build_indicator_marts"

# Names without a folder in them.
CODE = re.compile(r"[a-z0-9_]+")
DOCUMENT = re.compile(r"report-[0-9Qv-]+\.(xlsx|docx|pdf)")

HEADERS = {
    # Only the reader's browser may keep the page, and it asks for a newer one each time (ETag).
    "Cache-Control": "private, no-cache",
    # The page is complete in its file: it may load nothing else.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

NOTICE = """<!doctype html>
<html lang="ru">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto 0; padding: 0 1.5rem; }}
  h1 {{ font-size: 1.5rem; }}
  code {{ font-size: .9em; overflow-wrap: anywhere; }}
</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""


def make_app() -> FastAPI:
    """Create the application of the page and its documents, for the api-server to mount.

    ``GET /`` returns the report (200, or 304 if the reader's copy is the newest) or a page that says
    how to make one (404). Without a login it answers 401, without the right to read the DAG that
    writes the report 403. Works with every auth manager. In a region ``GET /<district>/`` does so, and
    ``GET /`` lists the districts.
    """
    app = FastAPI(title="Municipal indicators", openapi_url=None)
    app.add_exception_handler(HTTPException, _refuse)
    for district in settings.districts() or (None,):
        _serve(app, district)
    if settings.districts():
        app.get("/", dependencies=[Depends(requires_access_dag("GET"))])(contents)
    return app


def _serve(app: FastAPI, district: str | None) -> None:
    # Closures: a parameter would be one of the address, which any reader could change.
    def own_report(request: Request) -> Response:
        with settings.working_for(district):
            return report(request)

    def own_indicator(code: str) -> Response:
        with settings.working_for(district):
            return indicator(code)

    def own_document(name: str) -> Response:
        with settings.working_for(district):
            return document(name)

    with settings.working_for(district):
        readers = [Depends(requires_access_dag("GET", param_dag_id=settings.named(WRITER)))]
    at = f"/{district}" if district else ""
    app.get(f"{at}/", dependencies=readers)(own_report)
    app.get(f"{at}/indicators/{{code}}", dependencies=readers)(own_indicator)
    app.get(f"{at}/documents/{{name}}", dependencies=readers)(own_document)


def contents() -> Response:
    """List the districts of a region."""
    links = "".join(f'<li><a href="{name}/">{name}</a></li>' for name in settings.districts())
    return _notice(HTTPStatus.OK, "Отчёты районов", f"<ul>{links}</ul>")


def report(request: Request) -> Response:
    """Serve the page that the last build of the marts wrote."""
    path = settings.report_path()
    try:
        found = path.stat()
    except OSError:
        return _none_yet(path)
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        return _none_yet(path)
    # Starlette compares ETag and modification time with the copy of the browser.
    response = StaticFiles(check_dir=False).file_response(path, found, request.scope)
    response.headers.update(HEADERS)
    return response


def indicator(code: str) -> Response:
    """Lead to an indicator on the page; the address outlives the page's own anchors. 404: there is none."""
    path = settings.report_path()
    anchor = f"indicator-{code}"
    # An anchor would be lost on the way through the login, this address is not.
    if (
        CODE.fullmatch(code)
        and path.is_file()
        and f'id="{anchor}"' in path.read_text(encoding="utf-8")
    ):
        return RedirectResponse(f"../#{anchor}", headers=HEADERS)
    return _notice(
        HTTPStatus.NOT_FOUND,
        "Такого показателя нет",
        'Все показатели — <a href="../">на странице отчёта</a>.',
    )


def document(name: str) -> Response:
    """Serve a document that the page offers (200), or say that there is none of this name (404)."""
    path = settings.documents_folder() / name
    if not DOCUMENT.fullmatch(name) or not path.is_file():
        return _notice(
            HTTPStatus.NOT_FOUND,
            "Такого документа нет",
            "Список — на странице отчёта: он меняется с каждой сборкой витрин.",
        )
    return FileResponse(path, filename=name, headers=HEADERS)


def _none_yet(path: Path) -> HTMLResponse:
    return _notice(
        HTTPStatus.NOT_FOUND,
        "Отчёта пока нет",
        f"Его пишет DAG <code>{WRITER}</code> после каждой сборки витрин в файл "
        f"<code>{escape(path.name)}</code> (переменная Airflow <code>report</code>). Запустите этот DAG "
        "или, если он уже отработал, посмотрите журнал его задачи <code>write_report</code>.",
    )


def _refuse(request: Request, error: Exception) -> Response:
    """Answer with a page that explains the error, one of FastAPI's."""
    assert isinstance(error, HTTPException)
    above = request.scope.get("root_path", "").rpartition("/")[0]
    address = f"{above}/api/v2/auth/login?" + urlencode({"next": str(request.url)})
    login = f'<a href="{escape(address)}">войти</a>'
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        return _notice(
            error.status_code,
            "Нужно войти в Airflow",
            f"Отчёт показывается только вошедшим пользователям: нужно {login}.",
        )
    # Airflow answers the same to an expired login.
    return _notice(
        error.status_code,
        "Отчёт недоступен",
        f"У вашей учётной записи нет права смотреть DAG <code>{WRITER}</code>, который пишет отчёт: "
        f"попросите его у администратора Airflow. Или вход устарел: тогда нужно {login} заново.",
    )


def _notice(status: int, title: str, text: str) -> HTMLResponse:
    headers = HEADERS | {"Cache-Control": "no-store"}
    return HTMLResponse(NOTICE.format(title=title, text=text), status, headers)
