//! The prompt, on a real terminal of 50 columns; and the other ways that a statement gets in and rows get out.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::readers::python;
use crate::support::{Desk, KEY};

/// Runs a program on a pseudo-terminal of 50 columns. Standard input holds steps, one JSON array a line: what to type,
/// and what must be shown before the next step. Prints what was shown, and the exit code behind it.
const TERMINAL_SCRIPT: &str = r#"
import fcntl, json, os, pty, re, select, struct, sys, termios
steps = [json.loads(line) for line in sys.stdin]
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
shown, mark = "", 0
def read():
    global shown
    if not select.select([terminal], [], [], 60)[0]:
        sys.exit("nothing is shown any more after: " + shown[-600:])
    try:
        data = os.read(terminal, 65536)
    except OSError:
        data = b""
    shown += data.decode(errors="replace")
    return bool(data)
for typed, expected in steps:
    if typed == "\x03":
        # Keys are signals again as soon as the program does not read the line itself.
        while not termios.tcgetattr(terminal)[3] & termios.ISIG:
            pass
    os.write(terminal, typed.encode())
    while not re.search(expected, shown[mark:]):
        if not read():
            sys.exit(f"ended before {expected!r}: " + shown[-600:])
    mark = len(shown)
while read():
    pass
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).replace("\r", ""))
print("exit code", code)
"#;

/// What a terminal of 50 columns shows of these steps; none where there is no Python.
fn terminal(desk: &Desk, args: &[&str], steps: &[(&str, &str)]) -> Option<String> {
    let python = python()?;
    let mut child = Command::new(python)
        .arg("-c")
        .arg(TERMINAL_SCRIPT)
        .arg(env!("CARGO_BIN_EXE_deskmeter"))
        .args(args)
        .current_dir(desk.dir.path())
        .env("DESKMETER_KEY", KEY)
        .env("XDG_STATE_HOME", desk.dir.path().join("user"))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        steps.iter().map(|(typed, expected)| serde_json::json!([typed, expected]).to_string()).collect();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

#[test]
fn the_prompt_answers_completes_cancels_and_remembers_what_was_typed() {
    let desk = Desk::generated(40, 9);
    desk.connect();
    desk.run(&["sync"]).ok();
    let ready = "deskmeter> ";
    std::fs::write(desk.dir.path().join("labels.toml"), "[groups]\n36000000000001 = \"First line\"\n")
        .unwrap();
    let endless = "select count(*) from ticket_events a, ticket_events b, ticket_events c, ticket_events d \
                   where a.child_event_id < b.child_event_id + c.child_event_id + d.child_event_id;\n";
    let Some(shown) = terminal(
        &desk,
        &["query", "--labels", "labels.toml"],
        &[
            ("", ready),
            ("select count(*) as n_all\n", "n_all"),
            ("from tickets;\n", r"(?s)n_all.*40.*deskmeter> "),
            ("select ticket_id from ticket_metr\t", "ticket_metric"),
            ("s order by 1 limit 2;\n", r"(?s)ticket_id\s.*deskmeter> "),
            ("\\d kpis\n", r"(?s)meaning.*deskmeter> "),
            ("select nope from tickets;\n", r"(?s)error: .*nope.*deskmeter> "),
            ("drop table tickets;\n", r"(?s)error: .*only SELECT.*deskmeter> "),
            (" select 'secret' as kept;\n", r"(?s)kept.*secret.*deskmeter> "),
            (endless, "child_event_id;"),
            ("\u{3}", r"(?s)cancelled.*deskmeter> "),
            ("\\format csv\n", ready),
            ("select 6*7 as answer;\n", r"answer\r?\n42"),
            ("select distinct group_id from tickets where group_id = 36000000000001;\n", "First line"),
            ("\\q\n", ""),
        ],
    ) else {
        return;
    };
    assert!(shown.ends_with("exit code 0\n"), "{shown}");
    let history = std::fs::read_to_string(desk.dir.path().join("user/deskmeter/query_history")).unwrap();
    assert!(history.contains("select ticket_id from ticket_metrics order by 1 limit 2;"), "{history}");
    assert!(!history.contains("secret") && !history.contains("40"), "{history}");
}

#[test]
fn what_is_shown_fits_a_narrow_terminal() {
    let desk = Desk::generated(40, 10);
    desk.connect();
    desk.run(&["sync"]).ok();
    for args in [
        vec!["query", "select * from ticket_metrics limit 2"],
        vec!["query", "select ticket_id, status, created_at, priority, group_id from ticket_metrics"],
        vec!["query", "select section, kpi, subject, value, unit from kpis"],
        vec!["runs"],
        vec!["metrics", "list"],
    ] {
        let Some(shown) = terminal(&desk, &args, &[]) else { return };
        let lines: Vec<&str> = shown.lines().filter(|line| !line.starts_with("exit code")).collect();
        assert!(lines.len() > 2, "{shown}");
        for line in lines {
            assert!(line.trim_end().chars().count() <= 50, "{args:?}: {line}\n{shown}");
        }
    }
}

#[test]
fn statements_come_from_files_and_pipes_and_rows_go_to_files_of_every_format() {
    let desk = Desk::generated(30, 11);
    desk.connect();
    desk.run(&["sync"]).ok();
    let sql = "select ticket_id, status from ticket_metrics order by ticket_id";
    let path = |name: &str| desk.dir.path().join(name);
    std::fs::write(path("q.sql"), format!("-- all of them\n{sql};\n")).unwrap();
    let csv = desk.run(&["query", "--format", "csv", sql]).ok().stdout;
    assert_eq!(csv.lines().count(), 31);
    assert_eq!(desk.run(&["query", "--format", "csv", "-f", "q.sql"]).ok().stdout, csv);
    let mut piped = crate::support::deskmeter(desk.dir.path(), &["query", "--format", "csv"]);
    let piped = piped.stdin(std::fs::File::open(path("q.sql")).unwrap()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&piped.stdout), csv);
    for format in ["csv", "json", "parquet", "table"] {
        let said = desk.run(&["query", "--format", format, "-o", &format!("rows.{format}"), sql]).ok();
        assert_eq!(said.stdout, "");
    }
    assert_eq!(std::fs::read_to_string(path("rows.csv")).unwrap(), csv);
    let json: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(path("rows.json")).unwrap()).unwrap();
    assert_eq!(json.len(), 30);
    let none = desk.run(&["query", "--format", "json", "select * from tickets where false"]).ok();
    assert_eq!(none.stdout, "[]\n");
    // A statement that fails leaves the file of an earlier one as it was.
    assert_eq!(desk.run(&["query", "--format", "csv", "-o", "rows.csv", "select nope from tickets"]).code, 2);
    assert_eq!(std::fs::read_to_string(path("rows.csv")).unwrap(), csv);
    if let Some(python) = python() {
        let count = "import sys, pyarrow.parquet; print(pyarrow.parquet.read_table(sys.argv[1]).num_rows)";
        let read = Command::new(python).args(["-c", count]).arg(path("rows.parquet")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stdout), "30\n");
    }
}
