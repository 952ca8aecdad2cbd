"""What ``make airflow`` starts, over HTTP and in a real browser: from the list of DAGs to the report."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator

import psutil
import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from demo.services import COMMANDS, HOST, USER
from municipal_indicators.settings import REPOSITORY
from tests.airflow_ui.running import PATIENCE, Running, free_port, wait
from tests.browsers import SCREENSHOTS, browser

__all__ = ["browser"]

pytestmark = pytest.mark.slow

MENU = "Отчёт"


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("airflow"))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.kill()


def page_of(airflow: Running, token: str | None, **headers: str) -> requests.Response:
    """The report as a browser asks for it: the login travels as Airflow's cookie."""
    cookies = {"_token": token} if token else None
    return requests.get(
        f"{airflow.url}/programme-report/", cookies=cookies, headers=headers, timeout=60
    )


def test_it_waits_for_somebody_to_trigger(airflow: Running) -> None:
    dags = airflow.api("dags").json()["dags"]
    assert len(dags) == len(list((REPOSITORY / "dags").glob("*.py")))
    assert {dag["is_paused"] for dag in dags} == {False}
    # The watch starts every hour, which may just have begun.
    assert [run for run in airflow.runs() if run["dag_id"] != "watch_the_morning"] == []
    assert airflow.api("pools/warehouse").json()["slots"] == 1
    assert f"{USER} / {airflow.stage.password(USER)}" in airflow.said
    assert airflow.url in airflow.said


def test_the_plugin_is_there_once(airflow: Running) -> None:
    plugins = airflow.api("plugins").json()["plugins"]
    (ours,) = [plugin for plugin in plugins if plugin["name"] == "municipal_indicators"]
    assert [view["name"] for view in ours["external_views"]] == [MENU]
    assert airflow.api("plugins/importErrors").json()["import_errors"] == []


@pytest.mark.parametrize(
    ("dag_id", "conf", "told"),
    [
        (
            "load_metrica_visits",
            {"date_from": "2024-13-01"},
            "date_from: '2024-13-01' is not a 'date'",
        ),
        ("load_metrica_hits", {"force": "yes"}, "force: 'yes' is not of type 'boolean'"),
        ("load_smev_requests", {"again": 5}, "again: 5 is not of type 'null', 'string', 'boolean'"),
    ],
)
def test_a_param_of_another_type_is_refused(
    airflow: Running, dag_id: str, conf: dict[str, object], told: str
) -> None:
    answer = airflow.api(f"dags/{dag_id}/dagRuns", {"conf": conf, "logical_date": None})
    assert answer.status_code == 400
    assert f"Invalid input for param {told}" in answer.json()["detail"]


def test_a_wrong_param_ends_the_log_as_one_sentence(airflow: Running) -> None:
    conf = {"date_from": "2024-03-05", "date_to": "2024-03-01"}
    asked = airflow.api("dags/load_metrica_visits/dagRuns", {"conf": conf, "logical_date": None})
    task = (
        f"dags/load_metrica_visits/dagRuns/{asked.json()['dag_run_id']}/taskInstances/plan_requests"
    )
    wait(lambda: airflow.api(task).json()["state"] == "failed", lambda: airflow.api(task).text)
    log = airflow.api(f"{task}/logs/1").json()["content"]
    said = [line for line in log if line.get("level") == "error"]
    assert said[0]["event"].startswith("Первый день (date_from) 2024-03-05 позже")
    assert [line for line in log if "error_detail" in line or "Traceback" in line["event"]] == []


def test_the_report_is_for_those_who_may_see_its_dag(airflow: Running) -> None:
    airflow.stage.report.write_text("the figures", encoding="utf-8")
    stranger = page_of(airflow, None)
    assert stranger.status_code == 401
    assert "Нужно войти в Airflow" in stranger.text
    way = re.search(r'href="([^"]+)"', stranger.text)
    assert way
    login = requests.get(airflow.url + way[1].replace("&amp;", "&"), timeout=60)
    assert login.status_code == 200
    assert "/auth/login" in login.url
    for token in ("not-a-token", airflow.token_without_rights()):
        refused = page_of(airflow, token)
        assert refused.status_code == 403
        assert "Отчёт недоступен" in refused.text
        assert "the figures" not in refused.text
    assert page_of(airflow, airflow.token()).text == "the figures"


def test_a_new_page_is_seen_at_once_and_the_same_is_not_sent_again(airflow: Running) -> None:
    token, file = airflow.token(), airflow.stage.report
    file.write_text("old", encoding="utf-8")
    first = page_of(airflow, token)
    assert (first.status_code, first.text) == (200, "old")
    assert first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "frame-ancestors 'self'" in first.headers["Content-Security-Policy"]
    known = {"If-None-Match": first.headers["ETag"]}
    same = page_of(airflow, token, **known)
    assert (same.status_code, same.text) == (304, "")
    assert same.headers["Cache-Control"] == "private, no-cache"
    file.write_text("newer", encoding="utf-8")
    newer = page_of(airflow, token, **known)
    assert (newer.status_code, newer.text) == (200, "newer")


def test_documents_are_for_those_who_may_see_the_page(airflow: Running) -> None:
    name = "report-2026-Q3-v1.xlsx"
    folder = airflow.stage.report.parent / "documents"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"a workbook")
    address = f"{airflow.url}/programme-report/documents/"
    token = {"_token": airflow.token()}
    assert requests.get(address + name, timeout=60).status_code == 401
    served = requests.get(address + name, cookies=token, timeout=60)
    assert (served.status_code, served.content) == (200, b"a workbook")
    assert name in served.headers["Content-Disposition"]
    for other in ("report-2026.xlsx", "..%2Freport.html", "report-..%2F..%2Freport.xlsx"):
        refused = requests.get(address + other, cookies=token, timeout=60)
        assert refused.status_code == 404


def test_an_indicator_has_one_address(airflow: Running) -> None:
    page = '<article id="indicator-ict_events"></article>'
    airflow.stage.report.write_text(page, encoding="utf-8")
    address = f"{airflow.url}/programme-report/indicators/"
    token = {"_token": airflow.token()}
    assert requests.get(address + "ict_events", timeout=60).status_code == 401
    led = requests.get(address + "ict_events", cookies=token, timeout=60)
    assert led.url == f"{airflow.url}/programme-report/#indicator-ict_events"
    assert led.text == page
    for other in ("smev", 'x"y', "..%2F..%2Fhome"):
        refused = requests.get(address + other, cookies=token, timeout=60)
        assert refused.status_code == 404


def test_where_there_is_no_page_its_way_is_told(airflow: Running) -> None:
    airflow.stage.report.unlink(missing_ok=True)
    answer = page_of(airflow, airflow.token())
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Отчёта пока нет" in answer.text
    assert "build_indicator_marts" in answer.text
    assert str(airflow.stage.root) not in answer.text


def test_a_second_one_and_a_taken_port_are_refused_in_words(airflow: Running) -> None:
    with socket.create_server((HOST, free_port())) as taken:
        for port, told in (
            (free_port(), "уже запущен"),
            (taken.getsockname()[1], "занят: остановите то, что его слушает"),
        ):
            done = subprocess.run(
                airflow.command(port), capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            assert (done.returncode, told in done.stdout) == (1, True), done.stdout + done.stderr


def test_the_watch_may_ask_a_running_airflow_for_the_runs_of_all_dags(airflow: Running) -> None:
    for _ in range(2):  # the second one also asks about the first
        asked = airflow.api("dags/watch_the_morning/dagRuns", {"logical_date": None})
        assert asked.status_code == 200, asked.text
        run = airflow.wait_for_success("watch_the_morning")
        assert run["dag_run_id"] == asked.json()["dag_run_id"]


@pytest.mark.browser
def test_from_the_list_of_dags_to_the_report(airflow: Running, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="ru-RU")
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    try:
        log_in(page, airflow)
        look_at_the_dags(page, airflow)
        look_at_the_form_of_days(page, airflow)
        trigger_a_load(page, airflow)
        look_at_its_tasks(page, airflow)
        look_at_the_report(page, airflow)
        close_a_period(page, airflow)
    finally:
        context.close()


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"airflow-{name}.png", animations="disabled")


def log_in(page: Page, airflow: Running) -> None:
    page.goto(airflow.url)
    page.locator("input[name=username]").fill(USER)
    page.locator("input[name=password]").fill(airflow.stage.password(USER))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label(MENU)).to_be_visible()


def look_at_the_dags(page: Page, airflow: Running) -> None:
    page.goto(f"{airflow.url}/dags")
    for name in ("Визиты сайта (Метрика)", "Реестры программы", "Сборка витрин и отчёта"):
        expect(page.get_by_role("link", name=name).first).to_be_visible()
    shoot(page, "dags")
    page.get_by_role("link", name="Визиты сайта (Метрика)").first.click()
    page.get_by_role("button", name="Документация Dag-а").click()
    dialog = page.get_by_role("dialog")
    for heading in ("Что делает", "Что нужно", "Параметры", "Если не выполнено"):
        expect(dialog.get_by_role("heading", name=heading)).to_be_attached()
    shoot(page, "docs")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def open_form(page: Page) -> None:
    page.get_by_role("button", name="Запуск Dag-а").first.click()
    expect(page.get_by_role("dialog").get_by_text("Run Parameters")).to_be_visible()


def look_at_the_form_of_days(page: Page, airflow: Running) -> None:
    open_form(page)
    for param in ("date_from", "date_to"):
        field = page.locator(f"#element_{param}")
        assert field.get_attribute("type") == "date"
        field.fill("2026-10-31")
    expect(page.get_by_role("dialog").get_by_text("Загрузить все дни заново")).to_be_visible()
    shoot(page, "form-of-days")
    page.keyboard.press("Escape")


def trigger_a_load(page: Page, airflow: Running) -> None:
    page.goto(f"{airflow.url}/dags/load_programme_registers")
    open_form(page)
    page.locator("#element_again").fill("true")
    shoot(page, "form")
    page.get_by_role("dialog").get_by_role("button", name="Запустить").click()
    wait(lambda: airflow.runs("load_programme_registers") != [], lambda: "nothing was triggered")
    run = airflow.wait_for_success("load_programme_registers")
    assert (run["conf"], run["triggering_user_name"]) == ({"again": "true"}, USER)


def look_at_its_tasks(page: Page, airflow: Running) -> None:
    run_id = airflow.runs("load_programme_registers")[0]["dag_run_id"]
    page.goto(f"{airflow.url}/dags/load_programme_registers/runs/{run_id}")
    for name in ("Загрузить файлы", "Объявить новые данные", "Незагруженные файлы"):
        expect(page.get_by_role("link", name=name).first).to_be_visible()
    shoot(page, "run")
    # One by the clock may have begun before it.
    wait(
        lambda: (
            "asset_triggered" in [one["run_type"] for one in airflow.runs("build_indicator_marts")]
        ),
        lambda: "the load started no build",
    )
    airflow.wait_for_success("build_indicator_marts")


def look_at_the_report(page: Page, airflow: Running) -> None:
    said: list[str] = []
    page.get_by_label(MENU).click()
    page.on("console", lambda message: said.append(message.text))
    report = page.frame_locator(f"iframe[title='{MENU}']")
    expect(report.locator(".main")).to_contain_text("Главное")
    row = report.get_by_role("row").filter(has_text="Количество мероприятий").first
    expect(row).to_contain_text("2\N{NO-BREAK SPACE}ед.")
    shoot(page, "report")
    # Chromium has something to say of the frame that Airflow itself puts around every such page.
    frame = "allow-scripts and allow-same-origin"
    refused = [text for text in said if "Content Security Policy" in text or "sandbox" in text]
    assert [text for text in refused if frame not in text] == []


def close_a_period(page: Page, airflow: Running) -> None:
    """Asked in Airflow's own form: the requests of SMEV have a plan for 2024 and no fact."""
    asked = airflow.api(
        "dags/close_reporting_period/dagRuns",
        {"conf": {"period": "2024-Q2"}, "logical_date": None},
    )
    run = f"dags/close_reporting_period/runs/{asked.json()['dag_run_id']}"
    tasks = f"{run.replace('/runs/', '/dagRuns/')}/taskInstances/ask_for_reasons"
    wait(
        lambda: airflow.api(tasks).json()["state"] == "awaiting_input",
        lambda: airflow.api(tasks).text,
    )
    page.goto(f"{airflow.url}/{run}/tasks/ask_for_reasons/required_actions")
    expect(page.get_by_text("Закрыть отчётный период 2024-Q2, версия 1").first).to_be_visible()
    shoot(page, "closing")
    page.locator("#element_smev_requests").fill("Журналы ещё не переданы")
    shoot(page, "closing-filled")
    page.get_by_role("button", name="Закрыть период").click()
    airflow.wait_for_success("close_reporting_period")
    kept = airflow.stage.root / "archive" / "reported" / "2024-Q2-v1.json.gz"
    closing = json.loads(gzip.decompress(kept.read_bytes()))["closing"]
    assert closing["closed_by"] == USER
    assert closing["reasons"] == {"smev_requests": "Журналы ещё не переданы"}


def test_it_ends_with_all_its_processes_when_asked_to(airflow: Running) -> None:
    """The last look at the shared one."""
    family = airflow.family()
    assert len(family) >= len(COMMANDS)
    airflow.process.send_signal(signal.SIGTERM)
    assert airflow.process.wait(PATIENCE) == 0
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []
    assert "Airflow остановлен." in airflow.said
    secrets = [airflow.stage.password(USER), airflow.stage.personal_data_key()]
    for log in airflow.stage.root.rglob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert [secret for secret in secrets if secret in text] == [], log


def test_when_a_process_dies_it_is_named_and_the_others_end(airflow: Running) -> None:
    airflow.start()
    victim: list[psutil.Process] = []

    def has_come() -> bool:
        assert airflow.process.poll() is None, airflow.said
        victim[:] = [one for one in airflow.family() if "triggerer" in one.cmdline()]
        return len(victim) > 0 and len(airflow.family()) >= len(COMMANDS)

    wait(has_come, lambda: airflow.said)
    family = airflow.family()
    victim[0].kill()
    assert airflow.process.wait(PATIENCE) == 1
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []
    assert "airflow triggerer завершился сам" in airflow.said
    assert "triggerer.log" in airflow.said
