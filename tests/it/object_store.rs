//! Lake and state on an S3-compatible server: the same life as on a disk.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::readers::python;
use crate::support::Desk;

/// moto's S3 server, stopped when dropped.
struct S3 {
    process: Child,
    endpoint: String,
}

impl S3 {
    /// Starts the server on a free port and makes the bucket `desk`; None when its Python package is missing.
    fn start() -> Option<Self> {
        let mut process = Command::new(python()?)
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let endpoint = lines
            .find_map(|line| Some(format!("http://127.0.0.1:{}", line.split("127.0.0.1:").nth(1)?.trim())));
        // The server goes on writing: a pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, endpoint: endpoint.unwrap() })
    }

    /// The variables under which object stores are found.
    fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Keys in the bucket that start so.
    fn keys(&self, desk: &Desk, prefix: &str) -> usize {
        let listing = desk.http("GET", &format!("{}/desk?list-type=2&prefix={prefix}", self.endpoint));
        listing.matches("<Key>").count()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_connection_lives_and_is_deleted_on_an_s3_compatible_server() {
    let Some(s3) = S3::start() else { return };
    let mut desk = Desk::generated(80, 15);
    desk.http("PUT", &format!("{}/desk", s3.endpoint));
    desk.variables = s3.variables();
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("url = \"lake\"", "url = \"s3://desk/lake\"")
        .replace("url = \"state\"", "url = \"s3://desk/state\"");
    std::fs::write(&file, text).unwrap();

    desk.connect();
    desk.run(&["sync"]).ok();
    desk.run(&["sync"]).ok();
    assert_eq!(desk.number("select count(*) from tickets"), 80);
    assert_eq!(desk.number("select count(distinct ticket_id) from ticket_metrics"), 80);
    assert!(s3.keys(&desk, "lake/") > 50 && s3.keys(&desk, "state/") > 2);
    desk.run(&["privacy", "audit"]).ok();
    desk.run(&["disconnect", "--yes"]).ok();
    assert_eq!(s3.keys(&desk, "lake/"), 0, "nothing of the lake is left");
    assert_eq!(s3.keys(&desk, "state/connections/"), 0, "nor a token");
}
