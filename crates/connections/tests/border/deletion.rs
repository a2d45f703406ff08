//! Deletion jobs and receipts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskmeter_connections::{
    Deletion, DeletionTarget, Deletions, Error, LeaseProof, LeaseRequest, Leases, NewTokens, Refresher,
    Revocation, RunHistory, RunOutcome, RunRecord, SignedReceipt, Status, StatusBoard, StatusRecord,
    StoredArea,
};
use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::TempDir;

use crate::mortal::{Fault, Mortal};
use crate::support::{BASE_URL, NOW, acme, everything, key, prefix, record, vault};

struct World {
    state: StoredArea,
    lake: StoredArea,
    lease: LeaseProof,
    until: i64,
    deletions: Deletions,
}

/// A connection with tokens, a run, a status and three objects in the lake, beside another connection's.
async fn world(
    state: Arc<dyn ObjectStore>,
    lake: Arc<dyn ObjectStore>,
    local_root: Option<PathBuf>,
) -> World {
    vault(&state).save(&acme(), &record(1), None).await.unwrap();
    let outcome = RunOutcome::Succeeded;
    let run = RunRecord {
        id: "1".into(),
        started_at: NOW,
        ended_at: NOW,
        outcome,
        rows: 1,
        requests: 1,
        bytes: 1,
        rejected: 0,
        throttled: 0,
    };
    RunHistory::new(Arc::clone(&state), prefix(), 10).append(&acme(), &run).await.unwrap();
    for path in
        ["lake/acme/tickets/a.parquet", "lake/acme/tickets/b.parquet", "lake/acme/x.json", "lake/acme2/c"]
    {
        lake.put(&Path::from(path), "12345".into()).await.unwrap();
    }
    let request = LeaseRequest { owner: "test", now: NOW, ttl: 86_400 * 3, wait: Duration::ZERO };
    let lease = Leases::new(Arc::clone(&state), prefix()).acquire(&acme(), request).await.unwrap();
    let state = StoredArea { store: state, prefix: prefix(), local_root: None, versions: None };
    let lake = StoredArea { store: lake, prefix: Path::from("lake/acme"), local_root, versions: None };
    let deletions = Deletions::new(state.clone(), vec![key(1)]).unwrap();
    World { state, lake, lease: lease.proof(), until: lease.until(), deletions }
}

async fn world_in_memory() -> World {
    world(Arc::new(InMemory::new()), Arc::new(InMemory::new()), None).await
}

impl World {
    fn run(&self, now: i64) -> Deletion<'_> {
        Deletion {
            lakes: std::slice::from_ref(&self.lake),
            lease: &self.lease,
            revocation: Revocation::Proven,
            published: None,
            now,
        }
    }

    async fn delete(&self, now: i64) -> SignedReceipt {
        self.deletions.request(&acme(), now).await.unwrap();
        self.deletions.run(&acme(), self.run(now + 5)).await.unwrap()
    }
}

#[tokio::test]
async fn empties_every_lake_and_leaves_no_status_that_tells_anything() {
    let world = world_in_memory().await;
    let former = Arc::new(InMemory::new());
    let path = Path::from("old/acme/tickets/1.parquet");
    former.put(&path, "1234567".into()).await.unwrap();
    let former = StoredArea {
        store: Arc::clone(&former) as Arc<dyn ObjectStore>,
        prefix: Path::from("old/acme"),
        local_root: None,
        versions: None,
    };
    let board = StatusBoard::new(Arc::clone(&world.state.store), prefix());
    let told = |record: &mut StatusRecord| {
        record.lakes.insert("s3://former/acme".to_owned());
    };
    board.update(&acme(), told).await.unwrap();
    world.deletions.request(&acme(), NOW).await.unwrap();
    let lakes = [world.lake.clone(), former.clone()];
    let run = Deletion { lakes: &lakes, ..world.run(NOW + 5) };
    let signed = world.deletions.run(&acme(), run).await.unwrap();
    let counts: Vec<_> = signed.receipt().parts.iter().map(|part| (part.target, part.objects)).collect();
    let expected = [(DeletionTarget::Connection, 2), (DeletionTarget::Lake, 3), (DeletionTarget::Lake, 1)];
    assert_eq!(counts, expected);
    assert!(former.store.get(&path).await.is_err());
    let mut left = world.state.store.list(Some(&prefix().join("status")));
    while let Some(object) = left.try_next().await.unwrap() {
        let text = world.state.store.get(&object.location).await.unwrap().bytes().await.unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("former"), "{}", object.location);
    }
}

#[tokio::test]
async fn deletes_all_of_one_connection_and_says_so_in_a_signed_receipt() {
    let world = world_in_memory().await;
    world.deletions.request(&acme(), NOW).await.unwrap();
    let run = Deletion { published: Some(5), ..world.run(NOW + 5) };
    let signed = world.deletions.run(&acme(), run).await.unwrap();

    let receipt = signed.receipt();
    let counts: Vec<_> =
        receipt.parts.iter().map(|part| (part.target, part.objects, part.deleted_at)).collect();
    let done = Some(NOW + 5);
    assert_eq!(
        counts,
        [
            (DeletionTarget::Connection, 2, done),
            (DeletionTarget::Lake, 3, done),
            (DeletionTarget::Published, 5, done),
        ]
    );
    assert_eq!(receipt.parts[1].bytes, 15);
    assert_eq!((receipt.deadline, receipt.completed_at), (NOW + 86_400, NOW + 5));
    assert_eq!(everything(&world.lake.store).await.0, ["lake/acme2/c"]);
    assert!(vault(&world.state.store).load(&acme()).await.unwrap().is_none());
    let board = StatusBoard::new(Arc::clone(&world.state.store), prefix());
    assert_eq!(board.read(&acme()).await.unwrap().status, Status::Deleted);
    assert_eq!(world.deletions.receipts().await.unwrap(), std::slice::from_ref(&signed));

    let public_key = world.deletions.public_key().await.unwrap();
    assert_eq!(SignedReceipt::verify(signed.text(), &public_key).unwrap(), signed);
}

#[tokio::test]
async fn finds_every_change_of_a_receipt_and_every_gap_in_the_chain() {
    let world = world_in_memory().await;
    let first = world.delete(NOW).await;
    world.delete(NOW + 1_000).await;
    world.delete(NOW + 200).await;
    let public_key = world.deletions.public_key().await.unwrap();
    for index in (0..first.text().len()).step_by(7) {
        let mut changed = first.text().to_vec();
        changed[index] ^= 1;
        let verified = SignedReceipt::verify(&changed, &public_key);
        assert!(matches!(verified, Err(Error::Receipt { .. })), "byte {index}");
    }
    assert!(world_in_memory().await.deletions.public_key().await.unwrap() != public_key);

    assert_eq!(world.deletions.receipts().await.unwrap().len(), 3);
    world.state.store.delete(&Path::from("state/receipts/000000000002")).await.unwrap();
    assert!(matches!(world.deletions.receipts().await, Err(Error::Receipt { .. })));
}

#[tokio::test]
async fn keeps_the_first_deadline_until_it_is_done() {
    let world = world_in_memory().await;
    let job = world.deletions.request(&acme(), NOW).await.unwrap();
    assert_eq!(world.deletions.request(&acme(), NOW + 500).await.unwrap(), job);
    assert!(!job.is_overdue(NOW + 86_400) && job.is_overdue(NOW + 86_401));
    let board = StatusBoard::new(Arc::clone(&world.state.store), prefix());
    assert_eq!(board.read(&acme()).await.unwrap().status, Status::Deleting);

    world.deletions.run(&acme(), world.run(NOW + 600)).await.unwrap();
    assert_eq!(world.deletions.pending(&acme()).await.unwrap(), None);
    let again = world.deletions.run(&acme(), world.run(NOW + 700)).await;
    assert!(matches!(again, Err(Error::NoDeletion)));
}

#[tokio::test]
async fn goes_on_after_a_kill_at_any_point_and_signs_one_receipt_that_counts_everything() {
    let mut kills = 0;
    for fault in (0..).flat_map(|n| [Fault::KillBefore(n), Fault::KillAfter(n)]) {
        let (memory, lake) = (Arc::new(InMemory::new()), Arc::new(InMemory::new()));
        let world = world(Arc::clone(&memory) as Arc<dyn ObjectStore>, lake, None).await;
        world.deletions.request(&acme(), NOW).await.unwrap();
        let mortal = Mortal::new(&memory, fault);
        let state = StoredArea { store: Arc::clone(&mortal) as Arc<dyn ObjectStore>, ..world.state.clone() };
        let dying = Deletions::new(state, vec![key(1)]).unwrap();
        if mortal.until_killed(dying.run(&acme(), world.run(NOW + 5))).await.is_some() {
            break;
        }
        kills += 1;

        // The job may have been closed before the kill: then there is nothing to go on with.
        let again = world.deletions.run(&acme(), world.run(NOW + 66)).await;
        assert!(matches!(again, Ok(_) | Err(Error::NoDeletion)), "{fault:?}: {again:?}");

        let receipts = world.deletions.receipts().await.unwrap();
        let counts: Vec<_> = receipts.iter().flat_map(|signed| &signed.receipt().parts).collect();
        assert_eq!(counts.iter().map(|part| part.objects).collect::<Vec<_>>(), [2, 3], "{fault:?}");
        assert!(counts.iter().all(|part| part.deleted_at.is_some()), "{fault:?}");
        assert_eq!(everything(&world.lake.store).await.0, ["lake/acme2/c"], "{fault:?}");
        assert_eq!(world.deletions.pending(&acme()).await.unwrap(), None, "{fault:?}");
        let board = StatusBoard::new(Arc::clone(&world.state.store), prefix());
        assert_eq!(board.read(&acme()).await.unwrap().status, Status::Deleted, "{fault:?}");
    }
    println!("{kills} crash points");
    assert!(kills > 40, "{kills}");
}

#[tokio::test]
async fn proves_a_deletion_also_when_the_sealing_key_is_lost_and_vouches_for_no_receipt_of_a_stranger() {
    let mut kills = 0;
    for fault in (0..).flat_map(|n| [Fault::KillBefore(n), Fault::KillAfter(n)]) {
        let memory = Arc::new(InMemory::new());
        let world = world(Arc::clone(&memory) as Arc<dyn ObjectStore>, Arc::new(InMemory::new()), None).await;
        let first = world.delete(NOW).await;
        let without =
            |store| Deletions::new(StoredArea { store, ..world.state.clone() }, vec![key(2)]).unwrap();
        let mortal = Mortal::new(&memory, fault);
        let (dying, after) = (without(Arc::clone(&mortal) as _), without(Arc::clone(&memory) as _));
        assert!(matches!(after.receipts().await, Err(Error::WrongKey { .. })), "who looks makes no new key");
        after.request(&acme(), NOW + 100).await.unwrap();
        let run = |now| Deletion { revocation: Revocation::NotRevoked, ..world.run(now) };
        let is_done = mortal.until_killed(dying.run(&acme(), run(NOW + 105))).await.is_some();
        let again = after.run(&acme(), run(NOW + 166)).await;
        assert!(matches!(again, Ok(_) | Err(Error::NoDeletion)), "{fault:?}: {again:?}");

        let receipts = after.receipts().await.unwrap();
        assert_eq!((receipts.len(), &receipts[0]), (2, &first), "{fault:?}");
        assert_eq!(receipts[1].receipt().revocation, Revocation::NotRevoked);
        let public_key = after.public_key().await.unwrap();
        assert_eq!(SignedReceipt::verify(receipts[1].text(), &public_key).unwrap(), receipts[1]);
        if is_done {
            let stranger = world_in_memory().await.delete(NOW).await;
            let place = Path::from("state/receipts/000000000003");
            memory.put(&place, stranger.text().to_vec().into()).await.unwrap();
            assert!(matches!(after.receipts().await, Err(Error::Receipt { .. })));
            break;
        }
        kills += 1;
    }
    assert!(kills > 40, "{kills}");
}

#[tokio::test]
async fn lets_no_refresh_write_its_tokens_into_what_was_deleted() {
    let world = world_in_memory().await;
    world.deletions.request(&acme(), NOW).await.unwrap();
    let vault = vault(&world.state.store);
    let refused = record(1).access_token;
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    let connection = acme();
    let during = async |_| {
        let deletion = world.deletions.run(&connection, world.run(NOW + 5));
        // It waits for the refresh to end: drop it, as an impatient operator does.
        assert!(tokio::time::timeout(Duration::ZERO, deletion).await.is_err());
        Err::<NewTokens, _>(std::io::Error::other("no answer"))
    };
    vault.refresh(&acme(), &refused, refresher, during).await.unwrap_err();
    assert!(vault.load(&acme()).await.unwrap().is_some());
    world.deletions.run(&acme(), world.run(NOW + 5)).await.unwrap();
    assert!(vault.load(&acme()).await.unwrap().is_none());
}

#[tokio::test]
async fn refuses_another_connections_lease_an_ended_one_and_a_folder_that_is_not_the_connections() {
    let world = world_in_memory().await;
    world.deletions.request(&acme(), NOW).await.unwrap();
    let late = world.deletions.run(&acme(), world.run(world.until)).await;
    assert!(matches!(late, Err(Error::LeaseLost)));
    let root = StoredArea { prefix: Path::from("lake"), ..world.lake.clone() };
    let wide = world.deletions.run(&acme(), Deletion { lakes: &[root], ..world.run(NOW) }).await;
    assert!(matches!(wide, Err(Error::Name)));
    let other = deskmeter_connections::ConnectionName::new("acme2").unwrap();
    world.deletions.request(&other, NOW).await.unwrap();
    let foreign = world.deletions.run(&other, world.run(NOW)).await;
    assert!(matches!(foreign, Err(Error::LeaseLost)));
    assert_eq!(everything(&world.lake.store).await.0.len(), 4);
}

#[tokio::test]
async fn deletes_the_half_written_files_of_a_killed_writer_that_the_store_does_not_list() {
    let dir = TempDir::new().unwrap();
    let disk = || Arc::new(LocalFileSystem::new_with_prefix(dir.path()).unwrap());
    let world = world(disk(), disk(), Some(dir.path().to_owned())).await;
    let half = dir.path().join("lake/acme/tickets/c.parquet#1");
    std::fs::write(&half, "rows").unwrap();

    world.delete(NOW).await;

    assert!(!dir.path().join("lake/acme").exists());
    assert!(dir.path().join("lake/acme2/c").exists());
}
