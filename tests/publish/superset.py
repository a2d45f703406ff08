"""What an analyst does in Superset, through its API and a browser: superset.py URL DATABASE schema PICTURE."""

import json
import sys
import time

import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

url, database, schema, picture = sys.argv[1:]
session = requests.Session()


def until(what, seconds=300):
    """The first answer that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := what():
                return answer
        except requests.ConnectionError:
            pass
        time.sleep(0.5)
    sys.exit("Superset does not answer")


def call(method, path, **body):
    answer = session.request(method, url + path, json=body or None, timeout=300)
    if not answer.ok:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text[:800]}")
    return answer.json()


until(lambda: requests.get(url + "/health", timeout=5).ok)
token = call("POST", "/api/v1/security/login", username="admin", password="admin", provider="db")["access_token"]
session.headers["Authorization"] = "Bearer " + token

connection = call("POST", "/api/v1/database/", database_name="deskmeter", sqlalchemy_uri=database)["id"]
listed = call("GET", f"/api/v1/database/{connection}/tables/?q=(schema_name:{schema})")["result"]
tables = sorted(table["value"] for table in listed)
datasets = {}
for table in tables:
    datasets[table] = call("POST", "/api/v1/dataset/", database=connection, schema=schema, table_name=table)["id"]
    shown = call("GET", f"/api/v1/dataset/{datasets[table]}")["result"]
    assert shown["columns"], table
    assert table == "deskmeter_published" or any(column["description"] for column in shown["columns"]), table
    count = {"label": "n", "expressionType": "SQL", "sqlExpression": "count(*)"}
    asked = {"datasource": {"id": datasets[table], "type": "table"}, "queries": [{"metrics": [count], "columns": []}],
             "result_format": "json", "result_type": "full"}
    rows = call("POST", "/api/v1/chart/data", **asked)["result"][0]["data"]
    print(f"{table}: {len(shown['columns'])} columns, {rows[0]['n']} rows")
assert {"kpis", "ticket_metrics", "sla_targets", "agents"} <= set(tables), tables

parameters = {
    "datasource": f"{datasets['ticket_metrics']}__table", "viz_type": "echarts_timeseries_bar", "x_axis": "created_at",
    "time_grain_sqla": "P1M", "groupby": ["priority"], "adhoc_filters": [], "row_limit": 10000, "stack": "Stack",
    "metrics": [{"label": "tickets", "expressionType": "SQL", "sqlExpression": "count(*)"}], "show_legend": True,
}
chart = call("POST", "/api/v1/chart/", slice_name="Tickets by month and priority", viz_type=parameters["viz_type"],
             datasource_id=datasets["ticket_metrics"], datasource_type="table", params=json.dumps(parameters))["id"]

options = webdriver.ChromeOptions()
for option in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"]:
    options.add_argument(option)
browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
browser.set_page_load_timeout(300)
try:
    browser.get(url + "/login/")
    wait = WebDriverWait(browser, 300)
    wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "input[type=password]"))
    fields = browser.find_elements(By.CSS_SELECTOR, "input:not([type=hidden])")
    fields[0].send_keys("admin")
    browser.find_element(By.CSS_SELECTOR, "input[type=password]").send_keys("admin\n")
    wait.until(lambda page: "/login" not in page.current_url)
    browser.get(f"{url}/explore/?slice_id={chart}&standalone=1")
    wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "[data-test='chart-container'] canvas, .chart-container canvas, canvas"))
    drawn = "return [...document.querySelectorAll('canvas')].some(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return d.some((v, i) => i % 4 === 3 && v > 0); })"
    wait.until(lambda page: page.execute_script(drawn))
    time.sleep(3)  # the bars grow
    browser.save_screenshot(picture)
finally:
    browser.quit()
print(f"{len(tables)} tables are datasets; the chart is {picture}")
