//! Object stores that run for the length of a test: moto's S3 server and Microsoft's Azurite.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::readers::python;
use crate::support::{Desk, requires_all};

/// A server with an empty bucket or container `desk`; stopped when dropped.
pub(crate) struct Cloud {
    process: Child,
    pub(crate) address: Address,
}

/// Where a server is found.
pub(crate) struct Address {
    pub(crate) endpoint: String,
    pub(crate) scheme: &'static str,
}

impl Cloud {
    /// moto's S3 server; None when its Python package is missing.
    pub(crate) fn s3() -> Option<Self> {
        Self::moto(&[])
    }

    /// The same for someone who may not list the versions of a bucket.
    pub(crate) fn s3_without_list_versions() -> Option<Self> {
        Self::moto(&["--without-list-versions"])
    }

    fn moto(arguments: &[&str]) -> Option<Self> {
        let mut command = Command::new(python()?);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/s3/server.py")).args(arguments);
        let cloud = Self::start(command, "s3");
        let request = reqwest::Client::new().put(format!("{}/desk", cloud.address.endpoint));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        assert!(runtime.block_on(request.send()).unwrap().status().is_success());
        Some(cloud)
    }

    /// Azurite; None when `npm ci` was not run in tests/azurite.
    pub(crate) fn azure() -> Option<Self> {
        let server = azurite().join("node_modules/azurite/dist/src/blob/main.js");
        if !server.exists() {
            assert!(!requires_all(), "Azurite is missing: run npm ci in tests/azurite");
            eprintln!("SKIPPED Azure: run npm ci in tests/azurite");
            return None;
        }
        let mut command = Command::new("node");
        command.arg(server).args(["--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck"]);
        command.args(["--silent", "--disableTelemetry"]);
        let cloud = Self::start(command, "az");
        cloud.blobs(&["create"]);
        Some(cloud)
    }

    fn start(mut command: Command, scheme: &'static str) -> Self {
        // One of the two says where it listens on its standard output, the other on its standard error.
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        drop(command);
        let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port: String =
                line.split("127.0.0.1:").nth(1)?.chars().take_while(char::is_ascii_digit).collect();
            (!port.is_empty() && port != "0").then_some(port)
        });
        // The server goes on writing: a pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let endpoint = format!("http://127.0.0.1:{}", port.unwrap());
        Self { process, address: Address { endpoint, scheme } }
    }

    /// How many objects have names that start so, uploads that were never finished included.
    pub(crate) fn objects(&self, desk: &Desk, prefix: &str) -> usize {
        if self.address.scheme == "az" {
            return self.blobs(&["list", prefix]).lines().count();
        }
        let listed = desk.http("GET", &format!("{}/desk?list-type=2&prefix={prefix}", self.address.endpoint));
        let begun = desk.http("GET", &format!("{}/desk?uploads", self.address.endpoint));
        listed.matches("<Key>").count() + begun.matches(&format!("<Key>{prefix}")).count()
    }

    fn blobs(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("node");
        command.arg(azurite().join("blobs.mjs")).arg(&self.address.endpoint).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Address {
    /// The variables under which the cloud's own tools find it.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let variables = match self.scheme {
            "s3" => vec![
                ("AWS_ENDPOINT_URL", self.endpoint.clone()),
                ("AWS_ALLOW_HTTP", "true".to_owned()),
                ("AWS_ACCESS_KEY_ID", "test".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
                ("AWS_REGION", "us-east-1".to_owned()),
            ],
            _ => vec![
                ("AZURE_STORAGE_USE_EMULATOR", "true".to_owned()),
                ("AZURITE_BLOB_STORAGE_URL", self.endpoint.clone()),
            ],
        };
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// A place in it.
    pub(crate) fn url(&self, prefix: &str) -> String {
        format!("{}://desk/{prefix}", self.scheme)
    }
}

fn azurite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/azurite")
}
