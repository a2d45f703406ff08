//! The state store is read whole, and holds nothing but what the contract says.

use std::fs;

use deskmeter_auditor::{Part, Rule};

use crate::desk::{CANARY, Desk};

/// Files as the parts of deskmeter write them, the second status with less, as an older version did.
const FILES: [(&str, &str); 8] = [
    ("connections/acme/tokens/000000000001", "dmv1\u{1}\u{2}sealed"),
    (
        "connections/acme/runs/000000000001",
        r#"{"nonce":"i9SEsdul+993eW23","id":"20261122T192203Z-bbfa5f88","started_at":1795375323,"ended_at":1795375387,"outcome":{"failed":{"exit_code":5,"cause":"storage"}},"rows":5257,"requests":8,"bytes":1444582,"rejected":0,"throttled":0}"#,
    ),
    (
        "connections/acme/last-audit.json",
        r#"{"at":"2026-11-22T19:23:07Z","objects":258,"bytes":1,"values":2,"findings":0}"#,
    ),
    (
        "status/acme/000000000002",
        r#"{"nonce":"gqyduBx5yCm7U4Sl","status":{"state":"connected"},"connected_at":1795375321,"planned_requests":{"tickets":1},"last_run":null,"streams":{"tickets":{"capability":"available","complete_until":1795375262,"newest":null}},"totals":{"runs":{"0":1},"streams":{"users":{"read":47,"inserted":11,"updated":0,"rejected":0}},"checks":{"held":448,"warned":0,"failed":0}},"lakes":["s3://desk/lake"],"databases":["db.example:5432/metrics"]}"#,
    ),
    (
        "leases/acme/000000000001",
        r#"{"nonce":"IhR5xUf6N+MjniXa","owner":"process 25150","until":1795375443,"end":null}"#,
    ),
    (
        "deletions/acme/000000000004",
        r#"{"nonce":"A/fG1hv7Jyzzj5I3","connection":"acme","requested_at":1795375392,"deadline":1795461792,"revocation":"proven","parts":[{"target":"lake","objects":258,"bytes":1545620,"deleted_at":null,"old_versions":"unknown"}],"completed_at":null}"#,
    ),
    (
        "receipts/000000000001",
        "{\"number\":1,\"connection\":\"acme\",\"parts\":[],\"previous\":\"none\"}\n{\"public_key\":\"IHedBk3V=\",\"signature\":\"egbMGM2e==\"}\n",
    ),
    ("signing-key/000000000001", "dmv1\u{1}sealed"),
];

impl Desk {
    fn write_state(&self, path: &str, text: &str) {
        let file = self.folder.path().join("state").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    async fn check_state(&self, path: &str, text: &str, part: Part, rule: Rule) {
        self.write_state(path, text);
        self.check("state/", part, rule).await;
        fs::remove_file(self.folder.path().join("state").join(path)).unwrap();
    }
}

#[tokio::test]
async fn every_file_of_the_state_store_is_read_and_those_of_other_connections_are_not() {
    let desk = Desk::new().await;
    let before = desk.audit(Vec::new()).await;
    for (path, text) in FILES {
        desk.write_state(path, text);
    }
    // What a killed writer left, and another connection's, which is audited with that one.
    desk.write_state(
        "leases/acme/000000000001#3",
        r#"{"nonce":"x","owner":"process 1","until":1,"end":null}"#,
    );
    desk.write_state("status/other/000000000001", CANARY);
    let after = desk.audit(Vec::new()).await;
    assert_eq!(after.findings, []);
    assert_eq!(after.objects, before.objects + FILES.len() as u64 + 1);
}

#[tokio::test]
async fn a_value_that_the_contract_does_not_name_is_found_in_each_kind_of_file() {
    let desk = Desk::new().await;
    let spoilt = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let [tokens, run, audit, status, lease, ..] = FILES;
    let by_name = spoilt(lease.1, "process 25150", "jo.doe@example.test");
    for rule in [Rule::OutsideDomain, Rule::Email] {
        desk.check_state(lease.0, &by_name, Part::Values, rule).await;
    }
    let named = spoilt(status.1, r#""tickets":1"#, r#""My printer is broken":1"#);
    desk.check_state(status.0, &named, Part::Values, Rule::UnknownKey).await;
    let told = spoilt(run.1, "storage", "My printer is broken");
    desk.check_state(run.0, &told, Part::Values, Rule::FreeText).await;
    let planted = spoilt(audit.1, "\"findings\":0", &format!("\"findings\":0,\"cursor\":\"{CANARY}\""));
    desk.check_state(audit.0, &planted, Part::Bytes, Rule::Canary).await;
    desk.check_state(tokens.0, "{\"access_token\":\"0123456789abcdef0123\"}", Part::Bytes, Rule::Token).await;
    desk.check_state("status/acme/pages/1.json", "{}", Part::Path, Rule::UnknownObject).await;
    desk.check_state("status/acme/000000000009", "not json", Part::Bytes, Rule::Unreadable).await;
}
