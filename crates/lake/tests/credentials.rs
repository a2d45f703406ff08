//! Credentials as each cloud's own tools find them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use deskmeter_lake::{Error, credentials, object_store};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tempfile::TempDir;

const CREDENTIALS: &str = "# keys\n[default]\naws_access_key_id = DEFAULT\naws_secret_access_key=s1\n\n\
    [work]\nAWS_ACCESS_KEY_ID = WORK ; the desk\naws_secret_access_key = a=b/c==\naws_session_token = t\n";
const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile work]\nregion = eu-south-2\ns3 =\n  region = nested\n\
    endpoint_url = http://127.0.0.1:9\n[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n\
    [profile pod]\nrole_arn = arn:aws:iam::1:role/p\nweb_identity_token_file = /var/token\n[work]\nregion = wrong\n";

/// A home with both files.
fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    std::fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
    std::fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
    home
}

fn found(url: &str, home: &TempDir, variables: &[(&str, &str)]) -> Result<BTreeMap<String, String>, Error> {
    credentials(url, &|name| {
        let given = variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| (name == "HOME").then(|| home.path().display().to_string()))
    })
}

fn check(url: &str, variables: &[(&str, &str)], expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(found(url, &home(), variables).unwrap(), expected, "{url} {variables:?}");
}

#[test]
fn aws_keys_and_region_come_from_the_profile_and_variables_count_more() {
    let default =
        [("aws_access_key_id", "DEFAULT"), ("aws_region", "eu-west-1"), ("aws_secret_access_key", "s1")];
    check("s3://b/p", &[], &default);
    let work = [
        ("aws_access_key_id", "WORK"),
        ("aws_endpoint_url", "http://127.0.0.1:9"),
        ("aws_region", "eu-south-2"),
        ("aws_secret_access_key", "a=b/c=="),
        ("aws_session_token", "t"),
    ];
    check("s3://b/p", &[("AWS_PROFILE", "work")], &work);
    let own = [("AWS_ACCESS_KEY_ID", "OWN"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "work")];
    let expected = [
        ("aws_access_key_id", "OWN"),
        ("aws_endpoint_url", "http://127.0.0.1:9"),
        ("aws_region", "eu-south-2"),
        ("aws_secret_access_key", "s"),
    ];
    check("s3://b/p", &own, &expected);
    let pod = [("aws_role_arn", "arn:aws:iam::1:role/p"), ("aws_web_identity_token_file", "/var/token")];
    check("s3://b/p", &[("AWS_PROFILE", "pod")], &pod);
    let nowhere = [("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")];
    check("s3://b/p", &nowhere, &[]);
}

#[test]
fn a_profile_that_is_missing_or_needs_a_login_is_told_with_what_helps() {
    let told = |profile| found("s3://b/p", &home(), &[("AWS_PROFILE", profile)]).unwrap_err().to_string();
    assert_eq!(
        told("nobody"),
        "find credentials: AWS profile nobody is in neither the credentials nor the config file"
    );
    let role = told("role");
    assert!(role.contains("source_profile") && role.contains("aws configure export-credentials"), "{role}");
}

#[test]
fn google_and_azure_are_told_by_their_own_variables_and_by_nobody_elses() {
    check(
        "gs://b/p",
        &[("GOOGLE_APPLICATION_CREDENTIALS", "/f.json"), ("AWS_REGION", "x")],
        &[("google_application_credentials", "/f.json")],
    );
    check(
        "az://c/p",
        &[("AZURE_STORAGE_ACCOUNT", "desk"), ("AZURE_STORAGE_KEY", "k==")],
        &[("azure_storage_account_key", "k=="), ("azure_storage_account_name", "desk")],
    );
    let string =
        "DefaultEndpointsProtocol=http;AccountName=desk;AccountKey=k==;BlobEndpoint=http://127.0.0.1:1/desk;";
    check(
        "az://c/p",
        &[("AZURE_STORAGE_CONNECTION_STRING", string)],
        &[
            ("azure_allow_http", "true"),
            ("azure_storage_account_key", "k=="),
            ("azure_storage_account_name", "desk"),
            ("azure_storage_endpoint", "http://127.0.0.1:1/desk"),
        ],
    );
    check("file:///tmp", &[("AWS_REGION", "x")], &[]);
}

#[tokio::test]
async fn a_request_is_signed_with_the_profiles_key_for_the_profiles_region() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    let signed = std::thread::spawn(move || {
        let (mut connection, _) = server.accept().unwrap();
        let lines = BufReader::new(connection.try_clone().unwrap()).lines().map(Result::unwrap);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").unwrap();
        head.into_iter().find(|line| line.to_ascii_lowercase().starts_with("authorization:")).unwrap()
    });
    let home = home();
    let config = CONFIG.replace("http://127.0.0.1:9", &endpoint);
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let variables = [("AWS_PROFILE", "work"), ("AWS_ALLOW_HTTP", "true")];
    let options = found("s3://desk/lake", &home, &variables).unwrap();
    let (store, _) = object_store("s3://desk/lake", &options).unwrap();
    store.head(&Path::from("lake/x")).await.unwrap_err();
    let signed = signed.join().unwrap();
    assert!(signed.contains("Credential=WORK/") && signed.contains("/eu-south-2/s3/"), "{signed}");
}
