//! The sealed vault.

use std::sync::Arc;

use deskmeter_connections::{ConnectionRecord, Deletions, Error, Secret, StoredArea, Vault};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::support::{BASE_URL, NOW, acme, contains, everything, key, prefix, record, stores, vault};

#[tokio::test]
async fn gives_back_what_was_saved_and_shows_none_of_it_to_a_reader_of_the_store() {
    for (name, store, _dir) in stores() {
        let vault = vault(&store);
        assert_eq!(vault.load(&acme()).await.unwrap(), None, "{name}");
        let mut first = record(1);
        // Any printable ASCII may be in a token, also what JSON escapes.
        first.access_token = Secret::new(r#"POISON "quoted\" token"#.into());
        let version = vault.save(&acme(), &first, None).await.unwrap();
        let loaded = vault.load(&acme()).await.unwrap().unwrap();
        assert_eq!((&loaded.record, loaded.version), (&first, version), "{name}");

        let (_, bytes) = everything(&store).await;
        assert!(!contains(&bytes, "POISON") && !contains(&bytes, "tickets:read"), "{name}");
        assert!(!format!("{loaded:?}").contains("POISON"));
    }
}

#[tokio::test]
async fn lets_one_of_two_writers_win_and_tells_the_other_to_load_again() {
    for (name, store, _dir) in stores() {
        let vault = vault(&store);
        let version = vault.save(&acme(), &record(1), None).await.unwrap();
        let writers = (2..18).map(|number| {
            let vault = vault.clone();
            tokio::spawn(async move { vault.save(&acme(), &record(number), Some(version)).await })
        });
        let outcomes = futures::future::join_all(writers).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().map(Result::unwrap).partition(Result::is_ok);
        assert_eq!(won.len(), 1, "{name}");
        assert!(lost.iter().all(|lost| matches!(lost, Err(Error::Conflict { .. }))), "{name}: {lost:?}");
        assert!(matches!(vault.save(&acme(), &record(9), None).await, Err(Error::Conflict { .. })), "{name}");
    }
}

#[tokio::test]
async fn refuses_a_writer_that_slept_while_its_number_was_written_and_pruned() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let vault = vault(&store);
    let slept = vault.save(&acme(), &record(1), None).await.unwrap();
    let mut version = slept;
    for number in 2..10 {
        version = vault.save(&acme(), &record(number), Some(version)).await.unwrap();
    }
    assert!(matches!(vault.save(&acme(), &record(99), Some(slept)).await, Err(Error::Conflict { .. })));
    let newest = vault.load(&acme()).await.unwrap().unwrap();
    assert_eq!(newest.record.access_token.expose(), "POISON_access_9");
}

#[tokio::test]
async fn keeps_few_superseded_tokens() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let vault = vault(&store);
    let mut version = None;
    for number in 1..20 {
        version = Some(vault.save(&acme(), &record(number), version).await.unwrap());
    }
    assert_eq!(everything(&store).await.0.len(), 3);
}

#[tokio::test]
async fn replaces_a_sealing_key_without_a_moment_of_darkness() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let with = |keys| Vault::new(Arc::clone(&store), prefix(), keys).unwrap();
    let version = with(vec![key(1)]).save(&acme(), &record(1), None).await.unwrap();
    assert!(matches!(with(vec![key(2)]).load(&acme()).await, Err(Error::WrongKey { .. })));

    let deletions = |keys| {
        let state =
            StoredArea { store: Arc::clone(&store), prefix: prefix(), local_root: None, versions: None };
        Deletions::new(state, keys).unwrap()
    };
    let public_key = deletions(vec![key(1)]).public_key().await.unwrap();

    let both = with(vec![key(2), key(1)]);
    let before = both.load(&acme()).await.unwrap().unwrap();
    assert_eq!(before.version, version);
    assert!(both.reseal(&acme(), NOW).await.unwrap());
    assert!(!both.reseal(&acme(), NOW).await.unwrap());
    assert_eq!(deletions(vec![key(2), key(1)]).public_key().await.unwrap(), public_key);

    let after = with(vec![key(2)]).load(&acme()).await.unwrap().unwrap();
    assert_eq!(after.record, before.record);
    assert_eq!(
        everything(&store).await.0.len(),
        6,
        "two versions of each and of a lease, none more by the second call"
    );
    assert_eq!(deletions(vec![key(2)]).public_key().await.unwrap(), public_key);
    assert!(matches!(Vault::new(store, prefix(), vec![]), Err(Error::NoKey)));
}

#[tokio::test]
async fn gives_tokens_to_nobody_but_the_account_that_granted_them() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let vault = vault(&store);
    let version = vault.save(&acme(), &record(1), None).await.unwrap();
    assert!(vault.load_for(&acme(), BASE_URL).await.unwrap().is_some());
    for other in ["https://acme.zendesk.com.evil.example", "http://acme.zendesk.com", ""] {
        let refused = vault.load_for(&acme(), other).await.unwrap_err();
        assert!(matches!(refused, Error::OtherAddress { .. }), "{other}: {refused:?}");
        assert!(refused.to_string().contains(BASE_URL), "{refused}");
    }

    let earlier = ConnectionRecord { base_url: None, ..record(2) };
    vault.save(&acme(), &earlier, Some(version)).await.unwrap();
    let bound = vault.load_for(&acme(), BASE_URL).await.unwrap().unwrap().record;
    assert_eq!(bound, ConnectionRecord { base_url: Some(BASE_URL.into()), ..earlier });
}

#[tokio::test]
async fn connects_again_over_a_record_that_no_longer_opens() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let vault = vault(&store);
    store.put(&Path::from("state/connections/acme/tokens/000000000004"), "".into()).await.unwrap();
    assert!(matches!(vault.load(&acme()).await, Err(Error::Damaged { .. })));
    let version = vault.version(&acme()).await.unwrap();
    vault.save(&acme(), &record(5), version).await.unwrap();
    assert!(vault.load(&acme()).await.unwrap().is_some());
}

#[test]
fn knows_when_an_access_token_is_about_to_end() {
    let record = record(1);
    assert!(record.ends_within(60, NOW + 1_740) && !record.ends_within(60, NOW + 1_739));
    let endless = ConnectionRecord { expires_at: None, refresh_token: None, ..record };
    assert!(!endless.ends_within(i64::MAX, NOW));
    assert_eq!(endless.authorization_ends_at(), None);
}
