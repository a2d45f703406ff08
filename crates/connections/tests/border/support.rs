//! Stores, names and records for the tests.

use std::sync::Arc;

use deskmeter_connections::{
    ConnectionName, ConnectionRecord, PseudonymKey, Role, SealingKey, Secret, Vault,
};
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use tempfile::TempDir;

pub(crate) const NOW: i64 = 1_763_800_000;
/// The account that granted the tokens.
pub(crate) const BASE_URL: &str = "https://acme.zendesk.com";

pub(crate) fn acme() -> ConnectionName {
    ConnectionName::new("acme").unwrap()
}

pub(crate) fn prefix() -> Path {
    Path::from("state")
}

pub(crate) fn key(byte: u8) -> SealingKey {
    SealingKey::from_text(&format!("{byte:02x}").repeat(32)).unwrap()
}

pub(crate) fn vault(store: &Arc<dyn ObjectStore>) -> Vault {
    Vault::new(Arc::clone(store), prefix(), vec![key(1)]).unwrap()
}

/// Every kind of store, with its name and the directory that keeps it alive.
pub(crate) fn stores() -> Vec<(&'static str, Arc<dyn ObjectStore>, Option<TempDir>)> {
    let plain = TempDir::new().unwrap();
    vec![
        ("memory", Arc::new(InMemory::new()), None),
        ("local disk", Arc::new(LocalFileSystem::new_with_prefix(plain.path()).unwrap()), Some(plain)),
    ]
}

/// A connection whose tokens carry this number.
pub(crate) fn record(number: u64) -> ConnectionRecord {
    ConnectionRecord {
        base_url: Some(BASE_URL.into()),
        access_token: Secret::new(format!("POISON_access_{number}")),
        refresh_token: Some(Secret::new(format!("POISON_refresh_{number}"))),
        expires_at: Some(NOW + 1_800),
        refresh_expires_at: Some(NOW + 2_592_000),
        scopes: vec!["tickets:read".into(), "users:read".into()],
        client_id: "deskmeter".into(),
        pseudonym_key: PseudonymKey::generate(),
        connected_at: NOW,
        role: Role::Admin,
    }
}

/// The paths of everything in a store, and all bytes of it.
pub(crate) async fn everything(store: &Arc<dyn ObjectStore>) -> (Vec<String>, Vec<u8>) {
    use object_store::ObjectStoreExt as _;
    let mut paths = Vec::new();
    let mut bytes = Vec::new();
    for object in store.list(None).try_collect::<Vec<_>>().await.unwrap() {
        bytes.extend(store.get(&object.location).await.unwrap().bytes().await.unwrap());
        paths.push(object.location.to_string());
    }
    paths.sort();
    (paths, bytes)
}

pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
