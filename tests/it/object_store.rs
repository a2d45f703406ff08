//! Lake and state on S3 and on Azure: the same life as on a disk; writers that race there.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use deskmeter_connections::{ConnectionName, Error as StateError, LeaseRequest, Leases};
use deskmeter_lake::object_store;
use deskmeter_lake::{
    Change, ConnectionLake, Error, FileWriter, Lake, TableSpec, commit, credentials, data_files,
};
use deskmeter_pipeline::SyncOptions;
use tokio::runtime::Runtime;

use crate::cloud::{Address, Cloud};
use crate::inside::{Dice, Reference};
use crate::shaky::{Fate, Weather};
use crate::support::Desk;

/// An account whose lake and state lie there.
fn desk(cloud: &Cloud, seed: u64) -> Desk {
    let mut desk = Desk::generated(80, seed);
    desk.variables = cloud.address.variables();
    let file = desk.dir.path().join("deskmeter.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("url = \"lake\"", &format!("url = \"{}\"", cloud.address.url("lake")))
        .replace("url = \"state\"", &format!("url = \"{}\"", cloud.address.url("state")));
    std::fs::write(&file, text).unwrap();
    desk
}

fn lives_and_is_deleted(cloud: &Cloud) {
    let desk = desk(cloud, 15);
    desk.connect();
    desk.run(&["sync"]).ok();
    desk.run(&["sync"]).ok();
    assert_eq!(desk.number("select count(*) from tickets"), 80);
    assert_eq!(desk.number("select count(distinct ticket_id) from ticket_metrics"), 80);
    assert!(cloud.objects(&desk, "lake/") > 50 && cloud.objects(&desk, "state/") > 2);
    desk.run(&["privacy", "audit"]).ok();
    desk.run(&["lake", "check"]).ok();
    desk.run(&["disconnect", "--yes"]).ok();
    assert_eq!(cloud.objects(&desk, "lake/"), 0, "nothing of the lake is left");
    assert_eq!(cloud.objects(&desk, "state/connections/"), 0, "nor a token");
}

#[test]
fn a_connection_lives_and_is_deleted_on_an_s3_compatible_server() {
    let Some(cloud) = Cloud::s3() else { return };
    lives_and_is_deleted(&cloud);
}

/// Every version and deletion mark of the bucket whose key begins so.
fn versions(cloud: &Cloud, desk: &Desk, prefix: &str) -> usize {
    let listed = desk.http("GET", &format!("{}/desk?versions&prefix={prefix}", cloud.address.endpoint));
    assert!(listed.contains("ListVersionsResult") && !listed.contains("<IsTruncated>true"), "{listed}");
    listed.matches("<VersionId>").count()
}

/// An account that is read into a bucket which keeps every version.
fn synced_with_versions(cloud: &Cloud, seed: u64) -> Desk {
    let desk = desk(cloud, seed);
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let address = format!("{}/desk?versioning", cloud.address.endpoint);
    let enabled = reqwest::Client::new().put(address).body(body).send();
    assert!(Runtime::new().unwrap().block_on(enabled).unwrap().status().is_success());
    desk.connect();
    desk.run(&["sync"]).ok();
    desk
}

#[test]
fn a_disconnect_says_aloud_that_a_bucket_keeps_versions_that_it_may_not_list() {
    let Some(cloud) = Cloud::s3_without_list_versions() else { return };
    let desk = synced_with_versions(&cloud, 18);
    let said = desk.run(&["disconnect", "--yes"]).ok();
    assert!(said.stderr.contains("warning"), "{}{}", said.stdout, said.stderr);
    assert!(!said.stdout.contains("old versions in the bucket were deleted too"), "{}", said.stdout);
    assert_eq!(cloud.objects(&desk, "lake/"), 0, "what can be listed is gone");
    let receipt = std::fs::read_to_string(desk.dir.path().join("receipt-acme-1.txt")).unwrap();
    assert_eq!(receipt.matches("\"old_versions\":\"kept\"").count(), 2, "{receipt}");
}

#[test]
fn a_disconnect_leaves_no_old_version_in_a_bucket_with_versioning() {
    let Some(cloud) = Cloud::s3() else { return };
    let desk = synced_with_versions(&cloud, 17);
    // A program that was killed in the midst of a large upload leaves parts that no list of objects shows.
    for key in ["lake/acme/tickets/torn.parquet", "state/connections/acme/torn"] {
        desk.http("POST", &format!("{}/desk/{key}?uploads", cloud.address.endpoint));
        let begun = desk.http("GET", &format!("{}/desk?uploads", cloud.address.endpoint));
        assert!(begun.contains(&format!("<Key>{key}")), "{begun}");
    }
    let kept = versions(&cloud, &desk, "lake/acme/") + versions(&cloud, &desk, "state/connections/acme/");
    assert!(kept > 50 && versions(&cloud, &desk, "state/connections/acme/") > 0, "{kept}");

    let said = desk.run(&["disconnect", "--yes"]).ok();
    assert!(said.stdout.contains("old versions in the bucket were deleted too"), "{}", said.stdout);
    assert!(!said.stderr.contains("warning"), "{}", said.stderr);
    for prefix in ["lake/", "state/connections/"] {
        assert_eq!(versions(&cloud, &desk, prefix), 0, "{prefix}: neither a version nor a mark is left");
        assert_eq!(cloud.objects(&desk, prefix), 0, "{prefix}: nor an upload that was begun");
    }
    let receipt = std::fs::read_to_string(desk.dir.path().join("receipt-acme-1.txt")).unwrap();
    assert_eq!(receipt.matches("\"old_versions\":\"deleted\"").count(), 2, "{receipt}");
}

#[test]
fn a_connection_lives_and_is_deleted_on_azure() {
    let Some(cloud) = Cloud::azure() else { return };
    lives_and_is_deleted(&cloud);
}

#[test]
fn runs_at_the_same_time_on_s3_are_let_in_one_by_one() {
    let Some(cloud) = Cloud::s3() else { return };
    let desk = desk(&cloud, 16);
    desk.connect();
    let runs: Vec<i32> = std::thread::scope(|scope| {
        let started: Vec<_> =
            (0..3).map(|_| scope.spawn(|| desk.run(&["sync", "--wait-secs", "3600"]).code)).collect();
        started.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(runs, [0, 0, 0]);
    assert_eq!(desk.number("select count(*) from tickets"), 80);
    assert_eq!(desk.number("select count(*) - count(distinct child_event_id) from ticket_events"), 0);
}

/// The cloud's options, found as a run finds them.
fn options(cloud: &Address) -> BTreeMap<String, String> {
    let variables: BTreeMap<String, String> = cloud.variables().into_iter().collect();
    credentials(&cloud.url("race"), &|name| variables.get(name).cloned()).unwrap()
}

const WRITERS: i64 = 8;
const ROUNDS: i64 = 3;

fn spec() -> TableSpec {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
    TableSpec::mart(&schema, None, "one row per writer and round")
}

/// Commits a row in each round, reading the table again whenever another was faster. Gives the versions that it made.
async fn write(lake: ConnectionLake, writer: i64) -> Result<Vec<u64>, Error> {
    let mut versions = Vec::new();
    for round in 0..ROUNDS {
        let ids = Int64Array::from(vec![writer * ROUNDS + round]);
        let rows = RecordBatch::try_new(spec().schema, vec![Arc::new(ids)]).unwrap();
        loop {
            let mut table = lake.open_or_create("rows", &spec()).await?;
            let adds = FileWriter::of(&table, "rows")?.write(None, &rows).await?;
            let mut change = Change::write();
            change.adds = adds;
            match commit(&mut table, "rows", change).await {
                Ok(version) => break versions.push(version),
                Err(Error::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(versions)
}

fn one_wins_each_version_and_each_lease(cloud: &Address) {
    let lake = Lake::open(&cloud.url("race"), &options(cloud)).unwrap().connection("acme");
    let (store, prefix) = object_store(&cloud.url("leases"), &options(cloud)).unwrap();
    Runtime::new().unwrap().block_on(async {
        let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(lake.clone(), writer))).collect();
        let mut versions = Vec::new();
        for writer in writers {
            versions.extend(writer.await.unwrap().unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, (1..=(WRITERS * ROUNDS) as u64).collect::<Vec<_>>(), "one winner a version");
        let table = lake.table("rows").await.unwrap().unwrap();
        let files = data_files(&table, "rows").unwrap();
        let ids: BTreeSet<_> = files.iter().filter_map(|file| file.bounds("id", &DataType::Int64)).collect();
        assert_eq!(ids, (0..WRITERS * ROUNDS).map(|id| (id, id)).collect(), "no row lost or doubled");

        let leases = Leases::new(store, prefix);
        let name = ConnectionName::new("acme").unwrap();
        for round in 0..3 {
            let asking = (0..WRITERS).map(|_| {
                let (leases, name) = (leases.clone(), name.clone());
                tokio::spawn(async move {
                    let now = 1_000 * (round + 1);
                    let request = LeaseRequest { owner: "race", now, ttl: 60, wait: Duration::ZERO };
                    leases.acquire(&name, request).await
                })
            });
            let mut fences = Vec::new();
            for asked in asking.collect::<Vec<_>>() {
                match asked.await.unwrap() {
                    Ok(lease) => fences.push(lease.fence()),
                    Err(error) => assert!(matches!(error, StateError::Leased { .. }), "{error}"),
                }
            }
            assert_eq!(
                fences.len(),
                1,
                "{}: one of {WRITERS} holds the lease, and outlives it",
                cloud.scheme
            );
        }
    });
}

#[test]
fn of_writers_that_race_on_s3_one_wins_each_version_and_each_lease() {
    let Some(cloud) = Cloud::s3() else { return };
    one_wins_each_version_and_each_lease(&cloud.address);
}

/// Set in the process that the next test starts: the store's emulator switch is read from the environment alone.
const AS_CHILD: &str = "DESKMETER_RACES_ON_AZURE";

#[test]
#[expect(clippy::disallowed_methods, reason = "the child is told by its environment alone")]
fn of_writers_that_race_on_azure_one_wins_each_version_and_each_lease() {
    if std::env::var_os(AS_CHILD).is_some() {
        let endpoint = std::env::var("AZURITE_BLOB_STORAGE_URL").unwrap();
        return one_wins_each_version_and_each_lease(&Address { endpoint, scheme: "az" });
    }
    let Some(cloud) = Cloud::azure() else { return };
    let name = "object_store::of_writers_that_race_on_azure_one_wins_each_version_and_each_lease";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([name, "--exact", "--nocapture"]).env(AS_CHILD, "1").envs(cloud.address.variables());
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the child ran the race: {text}");
}

#[test]
fn races_faults_and_a_shaky_network_end_in_the_same_tables_on_an_s3_compatible_server() {
    let Some(s3) = Cloud::s3() else { return };
    let reference = Reference::new(60, 84, &[40, 0]);
    let mut desk = reference.again();
    let browser = reqwest::Client::new();
    desk.runtime.block_on(async {
        let bucket = format!("{}/desk", s3.address.endpoint);
        browser.put(&bucket).send().await.unwrap().error_for_status().unwrap();
        for (path, bytes) in &reference.state {
            let put = browser.put(format!("{bucket}/state/{}", path.display())).body(bytes.clone());
            put.send().await.unwrap().error_for_status().unwrap();
        }
    });
    desk.pipeline.lake.url = "s3://desk/lake".to_owned();
    desk.pipeline.state.url = "s3://desk/state".to_owned();
    let (own, variables) = (desk.context.environment.clone(), s3.address.variables());
    let variable =
        move |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    desk.context.environment = std::sync::Arc::new(move |name| own(name).or_else(|| variable(name)));
    let weather = Weather::new(Vec::new());
    desk.context.storage = weather.door();
    let (options, mut dice) = (SyncOptions::default(), Dice::new(84));
    for days in [40, 0] {
        desk.visit(days);
        desk.faults(&["500@2", "reset@5", "duplicate-rows%50", "token-expired@8"].map(str::to_owned));
        let (one, other) = (desk.now(), desk.now());
        let codes = desk.heard(async {
            let (one, other) = tokio::join!(
                deskmeter_pipeline::sync(&desk.pipeline, &one, &options),
                deskmeter_pipeline::sync(&desk.pipeline, &other, &options)
            );
            [one, other].map(|run| run.map_or_else(|error| error.kind().exit_code(), |_| 0))
        });
        assert!(codes.contains(&0) && codes.iter().all(|code| [0, 6].contains(code)), "{codes:?}");
        for _ in 0..2 {
            let fate = [Fate::Before, Fate::After, Fate::Torn][dice.below(3) as usize];
            weather.set([(dice.below(40), fate), (dice.below(40), Fate::After)]);
            if let Err(code) = desk.run() {
                assert!([5, 6].contains(&code), "exit code {code}");
                desk.time.pass(121);
            }
        }
        weather.set([]);
        desk.run().unwrap();
    }
    assert!(weather.met() > 0);
    reference.contents.assert_same(&desk.contents(), "on S3");
}
