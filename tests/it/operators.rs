//! What operators, editors and shells are given: each checked by the program that will read it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::readers::python;
use crate::support::{Desk, deskmeter, requires_all, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a program of the machine is there; tells that a part is skipped otherwise.
fn has(program: &str) -> bool {
    let is_there =
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(is_there || !requires_all(), "{program} is missing");
    if !is_there {
        eprintln!("SKIPPED a part: no {program}");
    }
    is_there
}

/// Runs a program on this input; it must end well. What it printed.
fn done(command: &mut Command, input: &str) -> String {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Reads pipeline files from standard input, a line each as JSON text; prints whether the schema takes each.
const SCHEMA_SCRIPT: &str = r#"
import json, sys, tomllib
import jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
for line in sys.stdin:
    print(validator(schema).is_valid(tomllib.loads(json.loads(line))))
def walk(node, path):
    for name, key in node.get("properties", {}).items():
        target = schema["$defs"][key["$ref"].split("/")[-1]] if "$ref" in key else key
        assert key.get("description") or target.get("description"), path + name
    for name, below in node.get("$defs", {}).items():
        walk(below, path + name + ".")
walk(schema, "")
"#;

#[test]
fn the_schema_is_the_committed_one_and_agrees_with_the_parser() {
    let dir = tempfile::tempdir().unwrap();
    let schema = run(dir.path(), &["schema"]).ok().stdout;
    let committed = root().join("pipelines/schema.json");
    let is_committed = std::fs::read_to_string(&committed).is_ok_and(|text| text == schema);
    assert!(is_committed, "pipelines/schema.json is old: cargo run -- schema > pipelines/schema.json");
    let Some(python) = python() else { return };
    let example = std::fs::read_to_string(root().join("pipelines/example.toml")).unwrap();
    let wrong = [
        ("name = \"acme\"", "name = \"Acme Inc\""),
        ("base_url = \"https://acme.zendesk.com\"", "base_url = \"http://acme.zendesk.com\""),
        ("quota_percent = 80", "quota_percent = 101"),
        ("quota_percent = 80", "quota_percnt = 80"),
        ("key_env = ", "# key_env = "),
        ("mon = [\"09:00-17:00\"]", "monday = [\"09:00-17:00\"]"),
        ("36000000000002 = 1", "first = 1"),
    ];
    let files: Vec<String> = std::iter::once(example.clone())
        .chain(wrong.iter().map(|(right, wrong)| example.replace(right, wrong)))
        .collect();
    let lines: Vec<String> = files.iter().map(|file| Value::from(file.as_str()).to_string()).collect();
    let said = done(Command::new(python).arg("-c").arg(SCHEMA_SCRIPT).arg(&committed), &lines.join("\n"));
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), files.len());
    for (file, said) in files.iter().zip(said) {
        std::fs::write(dir.path().join("deskmeter.toml"), file).unwrap();
        let mut command = deskmeter(dir.path(), &["validate", "--offline"]);
        let parsed = command.env("ACME_ZENDESK_CLIENT_SECRET", "s").output().unwrap();
        assert_eq!(
            parsed.status.success(),
            said == "True",
            "{file}\n{}",
            String::from_utf8_lossy(&parsed.stdout)
        );
    }
    assert!(example.contains("#:schema ./schema.json"), "editors find the schema by this line");
}

#[test]
fn shells_take_their_completions_and_man_its_pages() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, check) in
        [("bash", vec!["bash", "-n"]), ("zsh", vec!["zsh", "-n"]), ("fish", vec!["fish", "--no-execute"])]
    {
        let script = run(dir.path(), &["completions", shell]).ok().stdout;
        assert!(script.contains("deskmeter") && script.contains("no-browser"), "{shell}");
        if has(shell) {
            let file = dir.path().join(shell);
            std::fs::write(&file, script).unwrap();
            done(Command::new(check[0]).args(&check[1..]).arg(&file), "");
        }
    }
    run(dir.path(), &["man", "--dir", "man1"]).ok();
    if has("man") {
        let page = |name: &str| {
            let mut man = Command::new("man");
            let file = dir.path().join("man1").join(name);
            done(
                man.env("MANWIDTH", "100")
                    .env("LC_ALL", "C.UTF-8")
                    .args(["--warnings", "-P", "cat", "-l"])
                    .arg(file),
                "",
            )
        };
        assert!(page("deskmeter-sync.1").contains("--metrics-file"));
        assert!(page("deskmeter-metrics-show.1").contains("sla_targets"));
    }
}

#[test]
fn init_writes_a_file_that_validate_takes_and_never_writes_over_one() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["init"]);
    assert_eq!(refused.code, 2, "without a terminal nobody can be asked: {}", refused.stderr);
    let args = ["init", "--account", "acme", "--start-date", "2025-01-01", "--time-zone", "Europe/Madrid"];
    let written = run(dir.path(), &args).ok();
    assert!(
        written.stdout.contains("openssl rand -base64 32") && written.stdout.contains("deskmeter connect")
    );
    run(dir.path(), &["validate", "--offline"]).ok();
    let text = std::fs::read_to_string(dir.path().join("deskmeter.toml")).unwrap();
    for line in
        ["name = \"acme\"", "base_url = \"https://acme.zendesk.com\"", "time_zone = \"Europe/Madrid\""]
    {
        assert!(text.lines().any(|shown| shown.starts_with(line)), "{line} in\n{text}");
    }
    let again = run(dir.path(), &["init", "--account", "other"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("not written over"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(dir.path().join("deskmeter.toml")).unwrap(), text);
    let wrong = run(dir.path(), &["init", "-p", "other.toml", "--account", "acme", "--start-date", "soon"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("2024-01-01") && !dir.path().join("other.toml").exists(),
        "{}",
        wrong.stderr
    );
    assert!(!wrong.stderr.contains("other.toml"), "there is no such file to correct: {}", wrong.stderr);
    let nowhere =
        run(dir.path(), &["init", "-p", "other.toml", "--account", "acme", "--time-zone", "Europe/Madird"]);
    assert!(nowhere.code == 2 && !dir.path().join("other.toml").exists(), "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("did you mean `Europe/Madrid`?"), "{}", nowhere.stderr);
    std::fs::write(dir.path().join("far.toml"), text.replace("Europe/Madrid", "Europe/Madird")).unwrap();
    let far = run(dir.path(), &["validate", "--offline", "-p", "far.toml"]);
    assert!(far.code == 2 && far.stdout.contains("did you mean `Europe/Madrid`?"), "{}", far.stdout);
    let spaced = run(dir.path(), &["init", "-p", "our desk.toml", "--account", "acme"]).ok();
    assert!(spaced.stdout.contains("deskmeter sync -p 'our desk.toml'"), "{}", spaced.stdout);
}

#[test]
fn a_format_that_a_command_does_not_write_is_refused_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["init", "--account", "acme", "--format", "json"]);
    assert!(refused.code == 2 && !dir.path().join("deskmeter.toml").exists(), "{}", refused.stderr);
    let refused = run(dir.path(), &["status", "--format", "csv"]);
    assert!(refused.code == 2 && refused.stderr.contains("--format json"), "{}", refused.stderr);
}

/// The checks of `validate --format json`, as `subject: ok` or `subject: what is wrong`.
fn validated(desk: &Desk, args: &[&str], code: i32) -> Vec<String> {
    let ran = desk.run(&[&["validate", "--format", "json"], args].concat());
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    let checks: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap().to_owned();
    let told = |check: &Value| {
        let found = if check["is_ok"] == true { "ok".to_owned() } else { text(check, "found") };
        format!("{}: {found}", text(check, "subject"))
    };
    checks.iter().map(told).collect()
}

#[test]
fn validate_tries_everything_and_leaves_nothing_behind() {
    let mut desk = Desk::generated(20, 3);
    let right = ["pipeline file", "sealing key", "models and schedules", "lake", "state", "connection"];
    let right: Vec<String> = right.iter().map(|subject| format!("{subject}: ok")).collect();
    assert_eq!(validated(&desk, &[], 0), right);
    let left = |folder: &str| desk.dir.path().join(folder).exists();
    assert!(!left("lake") && !left("state"), "validation leaves no folder");
    desk.connect();
    assert_eq!(validated(&desk, &[], 0), right);
    desk.simulator().revoke_all_tokens();
    let told = validated(&desk, &[], 2);
    assert!(told.iter().any(|line| line.starts_with("connection: ask Zendesk")), "{told:?}");
    desk.stop_simulator();

    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(desk.dir.path().join("labels.toml"), "[groups]\nfirst = \"First line\"\n").unwrap();
    std::fs::write(desk.dir.path().join("lake"), "a file where the folder should be").unwrap();
    let wrong =
        text.replace("quota_percent = 100", "quota_percent = 0").replace("[lake]", "[lake]\nretries = 3");
    std::fs::write(&file, format!("{wrong}\n[publish]\nurl_env = \"NO_SUCH_DATABASE\"\n")).unwrap();
    desk.variables
        .push(("DESKMETER_KEY".to_owned(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh4=".to_owned()));
    let told = validated(&desk, &["--labels", "labels.toml"], 2).join("\n");
    for problem in [
        "unknown key `retries`",
        "connection.quota_percent: write 1 to 100",
        "database url: environment variable NO_SUCH_DATABASE is not set",
        "lake: open the lake",
        "connection: open the stored connection: tokens is sealed with another key",
        "publish database: environment variable NO_SUCH_DATABASE is not set",
        "label file: understand label file labels.toml",
    ] {
        assert!(told.contains(problem), "{problem}\nis not in\n{told}");
    }
    assert!(told.contains("state: ok"), "{told}");
}

#[test]
fn validate_names_the_own_model_that_cannot_be_made() {
    let desk = Desk::generated(1, 3);
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap() + "\n[warehouse]\nmodels_dir = \"models\"\n";
    std::fs::write(&file, text).unwrap();
    let folder = desk.dir.path().join("models/marts");
    std::fs::create_dir_all(&folder).unwrap();
    let toml = "about = \"How large the desk is.\"\ngrain = \"all tickets\"\nkey = []\n\
                columns = [{ name = \"n_tickets\", unit = \"tickets\", about = \"Tickets.\" }]\n";
    std::fs::write(folder.join("desk_size.toml"), toml).unwrap();
    let check = |sql: &str, code: i32, told: &[&str]| {
        std::fs::write(folder.join("desk_size.sql"), sql).unwrap();
        let checks = validated(&desk, &["--offline"], code).join("\n");
        for words in told {
            assert!(checks.contains(words), "{words}\nis not in\n{checks}");
        }
    };
    check("select count(*) as n_tickets from ticket_metrics\n", 0, &["models and schedules: ok"]);
    let misspelt = "select count(tiket_id) as n_tickets from ticket_metrics\n";
    check(misspelt, 2, &["models and schedules: ", "desk_size", "did you mean ticket_id?"]);
    let absurd = "select sum(status) as n_tickets from ticket_metrics\n";
    check(absurd, 2, &["models and schedules: make the models of no rows: evaluate model desk_size"]);
}

#[test]
fn a_run_under_cron_says_one_line_and_leaves_metrics_that_prometheus_takes() {
    let desk = Desk::generated(40, 5);
    desk.connect();
    let ran = desk.run(&["sync", "--metrics-file", "deskmeter.prom"]).ok();
    let lines: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert!(matches!(lines.as_slice(), [line] if line.starts_with("acme: ")), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    let first = std::fs::read_to_string(desk.dir.path().join("deskmeter.prom")).unwrap();
    let held = first
        .lines()
        .find_map(|line| line.strip_prefix("deskmeter_checks{connection=\"acme\",result=\"held\"} "));
    assert!(held.unwrap().parse::<u64>().unwrap() > 100, "{first}");
    desk.simulator().revoke_all_tokens();
    assert_eq!(desk.run(&["sync", "--metrics-file", "deskmeter.prom"]).code, 3);
    let second = std::fs::read_to_string(desk.dir.path().join("deskmeter.prom")).unwrap();
    for line in [
        "deskmeter_connected{connection=\"acme\"} 0",
        "deskmeter_runs_total{connection=\"acme\",exit_code=\"0\"} 1",
        "deskmeter_runs_total{connection=\"acme\",exit_code=\"3\"} 1",
        "deskmeter_rows_total{connection=\"acme\",stream=\"tickets\",result=\"read\"} 40",
        "deskmeter_throttled_total{connection=\"acme\"} 0",
        "deskmeter_last_run_exit_code{connection=\"acme\"} 3",
    ] {
        assert!(second.lines().any(|shown| shown == line), "{line}\nis not in\n{second}");
    }
    if has("promtool") {
        done(Command::new("promtool").args(["check", "metrics"]), &second);
    }
    let runs = desk.run(&["runs"]).ok().stdout;
    assert!(runs.contains("exit code 3") && runs.contains("next: run `deskmeter connect`"), "{runs}");
    let rows = desk.run(&["runs", "--format", "csv", "--limit", "1"]).ok().stdout;
    assert_eq!(rows.lines().count(), 2, "{rows}");
}

#[test]
fn with_json_logs_every_line_is_an_object_of_one_shape() {
    let desk = Desk::generated(20, 6);
    desk.connect();
    let ran = desk.run(&["sync", "--log-format", "json", "-v"]).ok();
    desk.simulator().revoke_all_tokens();
    let failed = desk.run(&["sync", "--log-format", "json"]);
    let lines: Vec<Value> = [&ran.stderr, &failed.stderr]
        .into_iter()
        .flat_map(|text| text.lines())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for field in ["timestamp", "level", "message", "target"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
    }
    let summary = lines.iter().find(|line| line["message"] == "sync succeeded").unwrap();
    assert_eq!(summary["connection"], "acme");
    let failure = lines.last().unwrap();
    assert_eq!((&failure["level"], &failure["exit_code"]), (&Value::from("ERROR"), &Value::from(3)));
    assert!(failure["next"].as_str().unwrap().contains("deskmeter connect"));
}

/// Reads every document of a file as the typed objects of Kubernetes' own client; what it does not know is lost, and
/// what is lost is told. Prints the kinds.
const KUBERNETES_SCRIPT: &str = r#"
import json, sys
import yaml
from kubernetes import client
api = client.ApiClient()
for document in yaml.safe_load_all(open(sys.argv[1])):
    typed = api.deserialize(json.dumps(document), "V1" + document["kind"], "application/json")
    assert api.sanitize_for_serialization(typed) == document, document["kind"]
    if document["kind"] == "CronJob":
        pod = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert not any("value" in variable for variable in container.get("env", [])), "secrets are references"
    print(document["kind"])
    for name, text in (document.get("data") or {}).items():
        open(sys.argv[2] + "/" + name, "w").write(text)
"#;

#[test]
fn the_deployment_examples_are_what_their_programs_take() {
    let deploy = root().join("pipelines/deploy");
    let dir = tempfile::tempdir().unwrap();
    if has("systemd-analyze") {
        let mut units = Vec::new();
        for unit in ["deskmeter-sync@.service", "deskmeter-sync@.timer", "deskmeter-serve.service"] {
            let text = std::fs::read_to_string(deploy.join("systemd").join(unit)).unwrap();
            // The program must be there to be found; an instance must have a name to be looked at.
            let text = text.replace("/usr/local/bin/deskmeter", env!("CARGO_BIN_EXE_deskmeter"));
            let path = dir.path().join(unit.replace('@', "@acme"));
            std::fs::write(dir.path().join(unit), &text).unwrap();
            std::fs::write(&path, text).unwrap();
            units.push(path);
        }
        let mut verify = Command::new("systemd-analyze");
        let output =
            verify.args(["verify", "--man=no", "--recursive-errors=no"]).args(&units).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("deskmeter"), "{said}");
    }
    if has("promtool") {
        let prometheus = deploy.join("prometheus");
        let promtool = |args: &[&str]| done(Command::new("promtool").args(args).current_dir(&prometheus), "");
        promtool(&["check", "rules", "deskmeter-alerts.yml"]);
        promtool(&["test", "rules", "deskmeter-alerts.test.yml"]);
        promtool(&["check", "config", "--syntax-only", "scrape.yml"]);
    }
    if let Some(python) = python() {
        let manifest = deploy.join("kubernetes/deskmeter.yaml");
        let mut script = Command::new(python);
        let kinds = done(script.arg("-c").arg(KUBERNETES_SCRIPT).arg(manifest).arg(dir.path()), "");
        assert_eq!(kinds, "ConfigMap\nCronJob\n");
        run(dir.path(), &["validate", "--offline"]).ok();
    }
    let crontab = std::fs::read_to_string(deploy.join("cron/deskmeter")).unwrap();
    let jobs: Vec<&str> =
        crontab.lines().filter(|line| line.starts_with(|c: char| c == '*' || c.is_ascii_digit())).collect();
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let fields: Vec<&str> = job.splitn(7, ' ').collect();
        assert!(
            fields[..5].iter().all(|field| field.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c))),
            "{job}"
        );
        assert!(!fields[6].contains('%'), "cron ends a command at %: {job}");
        done(Command::new("sh").arg("-n"), fields[6]);
    }
}

/// Every name of a metric that the alerts use is one that we write.
#[test]
fn the_alerts_watch_metrics_that_exist() {
    let desk = Desk::generated(20, 8);
    desk.connect();
    desk.run(&["sync", "--metrics-file", "deskmeter.prom"]).ok();
    let written = std::fs::read_to_string(desk.dir.path().join("deskmeter.prom")).unwrap();
    let alerts =
        std::fs::read_to_string(root().join("pipelines/deploy/prometheus/deskmeter-alerts.yml")).unwrap();
    let expressions = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let words = expressions.flat_map(|line| line.split(|c: char| !(c.is_ascii_lowercase() || c == '_')));
    // Deletions have metrics only while one is open.
    let names: std::collections::BTreeSet<&str> =
        words.filter(|word| word.starts_with("deskmeter_") && !word.contains("deletion")).collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert!(written.contains(&format!("# TYPE {name} ")), "{name}\nis not in\n{written}");
    }
}
