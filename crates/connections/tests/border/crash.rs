//! Rotation of tokens when the process or the store dies at any point. A server model rotates refresh tokens as Zendesk
//! does: each is valid once. Every crash point is tried; after each a healthy process takes over.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskmeter_connections::{
    ConnectionRecord, Error, NewTokens, RefreshError, RefreshGrant, Refresher, Sealed, Secret, Vault,
};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::mortal::{Fault, Mortal};
use crate::support::{BASE_URL, NOW, acme, key, prefix, record, vault};

/// Zendesk's token endpoint.
struct Server(Mutex<u64>);

#[derive(Debug, thiserror::Error)]
#[error("invalid_grant")]
struct InvalidGrant;

impl Server {
    fn pair(&self) -> u64 {
        *self.0.lock().unwrap()
    }

    fn exchange(&self, grant: &RefreshGrant) -> std::result::Result<NewTokens, InvalidGrant> {
        let mut pair = self.0.lock().unwrap();
        if grant.refresh_token.expose() != format!("POISON_refresh_{pair}") {
            return Err(InvalidGrant);
        }
        *pair += 1;
        let next = record(*pair);
        Ok(NewTokens {
            access_token: next.access_token,
            refresh_token: next.refresh_token,
            expires_at: next.expires_at,
            refresh_expires_at: next.refresh_expires_at,
        })
    }
}

type Outcome = std::result::Result<Sealed, RefreshError<InvalidGrant>>;

async fn refresh(vault: &Vault, server: &Server, refused: &str, now: i64) -> Outcome {
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now, wait: Duration::ZERO };
    let exchange = async |grant| server.exchange(&grant);
    vault.refresh(&acme(), &Secret::new(refused.into()), refresher, exchange).await
}

/// One saved pair, and a server that knows it.
async fn connected() -> (Arc<InMemory>, Vault, Server) {
    let memory = Arc::new(InMemory::new());
    let healthy = vault(&(Arc::clone(&memory) as Arc<dyn ObjectStore>));
    healthy.save(&acme(), &record(1), None).await.unwrap();
    (memory, healthy, Server(Mutex::new(1)))
}

/// Refreshes on a store with a fault, until the end or the kill.
async fn refresh_with(fault: Fault, memory: &Arc<InMemory>, server: &Server) -> Option<Outcome> {
    let mortal = Mortal::new(memory, fault);
    let vault = vault(&(Arc::clone(&mortal) as Arc<dyn ObjectStore>));
    mortal.until_killed(refresh(&vault, server, "POISON_access_1", NOW)).await
}

/// The same, where the process can also be killed while the request is on its way to the server, and while the answer
/// is on its way back: every point at which a rotation waits for anything.
async fn refresh_killed_at(fault: Fault, memory: &Arc<InMemory>, server: &Server) -> Option<Outcome> {
    let mortal = Mortal::new(memory, fault);
    let vault = vault(&(Arc::clone(&mortal) as Arc<dyn ObjectStore>));
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    let exchange = async |grant| {
        mortal.point().await;
        let tokens = server.exchange(&grant);
        mortal.point().await;
        tokens
    };
    let refused = Secret::new("POISON_access_1".into());
    let connection = acme();
    mortal.until_killed(vault.refresh(&connection, &refused, refresher, exchange)).await
}

#[tokio::test]
async fn loses_the_connection_only_when_killed_between_the_servers_rotation_and_our_write() {
    let mut lost = Vec::new();
    let mut points = 0;
    for fault in (0..).flat_map(|n| [Fault::KillBefore(n), Fault::KillAfter(n)]) {
        let (memory, healthy, server) = connected().await;
        if refresh_killed_at(fault, &memory, &server).await.is_some() {
            break;
        }
        let rotated = server.pair() == 2;
        match refresh(&healthy, &server, "POISON_access_1", NOW + 61).await {
            Ok(sealed) => {
                assert_eq!(sealed.record.access_token.expose(), format!("POISON_access_{}", server.pair()));
                assert_eq!(healthy.load(&acme()).await.unwrap(), Some(sealed), "durable: {fault:?}");
            }
            Err(RefreshError::Exchange { after_interruption, .. }) => {
                assert!(after_interruption && rotated, "told why, and only after the exchange: {fault:?}");
                lost.push(points);
            }
            Err(other) => panic!("{fault:?}: {other:?}"),
        }
        points += 1;
    }
    println!("{points} crash points, the connection is lost at {lost:?}");
    assert!(points > 24, "{points}");
    // The answer on its way (before and after it arrives), and the one write that puts the new pair on disk, killed
    // before it takes effect: the server alone knows the pair then. No other point loses anything.
    let first = lost.first().copied().unwrap_or_default();
    assert_eq!(lost, [first, first + 1, first + 2]);
}

#[tokio::test]
async fn keeps_the_new_pair_when_the_sealing_key_is_replaced_during_a_refresh() {
    let (memory, healthy, server) = connected().await;
    let store = Arc::clone(&memory) as Arc<dyn ObjectStore>;
    let both = Vault::new(store, prefix(), vec![key(2), key(1)]).unwrap();
    let refused = Secret::new("POISON_access_1".into());
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    let connection = acme();
    let during = async |grant| {
        let tokens = server.exchange(&grant);
        let reseal = both.reseal(&connection, NOW);
        assert!(tokio::time::timeout(Duration::ZERO, reseal).await.is_err(), "it waits for the refresh");
        tokens
    };
    healthy.refresh(&acme(), &refused, refresher, during).await.unwrap();
    assert!(both.reseal(&acme(), NOW).await.unwrap());
    let kept = both.load(&acme()).await.unwrap().unwrap();
    assert_eq!(kept.record.access_token.expose(), "POISON_access_2");
}

#[tokio::test]
async fn outlives_any_single_failure_of_the_store() {
    let mut failures = 0;
    for fault in (0..40).flat_map(|n| [Fault::ErrorAt(n), Fault::LostAnswerAt(n)]) {
        let (memory, healthy, server) = connected().await;
        let outcome = refresh_with(fault, &memory, &server).await.unwrap();
        failures += usize::from(outcome.is_err());
        if let Ok(sealed) = &outcome {
            assert_eq!(healthy.load(&acme()).await.unwrap().as_ref(), Some(sealed), "{fault:?}");
        } else {
            assert_eq!(server.pair(), 1, "it failed before the exchange, while nothing was lost: {fault:?}");
        }
        assert!(refresh(&healthy, &server, "POISON_access_1", NOW + 61).await.is_ok(), "{fault:?}");
    }
    assert!(failures > 0);
}

#[tokio::test]
async fn exchanges_once_when_many_processes_are_refused_at_once() {
    let (_, healthy, server) = connected().await;
    let server = Arc::new(server);
    let refreshers = (0..8).map(|_| {
        let (vault, server) = (healthy.clone(), Arc::clone(&server));
        tokio::spawn(async move {
            let refresher =
                Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::from_hours(1) };
            let refused = Secret::new("POISON_access_1".into());
            let exchange = |grant: RefreshGrant| async move { server.exchange(&grant) };
            vault.refresh(&acme(), &refused, refresher, exchange).await
        })
    });
    for outcome in futures::future::join_all(refreshers).await {
        assert_eq!(outcome.unwrap().unwrap().record.access_token.expose(), "POISON_access_2");
    }
    assert_eq!(server.pair(), 2);
}

#[tokio::test]
async fn says_that_a_refresh_was_cut_off_when_the_servers_answer_was_lost() {
    let (_, healthy, server) = connected().await;
    let refused = Secret::new("POISON_access_1".into());
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    let lose = async |grant| server.exchange(&grant).and(Err(InvalidGrant));
    healthy.refresh(&acme(), &refused, refresher, lose).await.unwrap_err();
    let error = refresh(&healthy, &server, "POISON_access_1", NOW + 1).await.unwrap_err();
    assert!(matches!(error, RefreshError::Exchange { after_interruption: true, .. }), "{error:?}");
}

#[tokio::test]
async fn keeps_the_pair_of_a_slow_refresher_whose_lease_another_believed_dead() {
    let (_, healthy, server) = connected().await;
    let refused = Secret::new("POISON_access_1".into());
    let refresher = Refresher { owner: "slow", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    let slow = async |grant| {
        let tokens = server.exchange(&grant);
        // A clock that is a minute ahead: the other believes the lease over, and is refused by the server.
        let hasty = refresh(&healthy, &server, "POISON_access_1", NOW + 61).await;
        assert!(matches!(hasty, Err(RefreshError::Exchange { after_interruption: true, .. })));
        tokens
    };
    let sealed = healthy.refresh(&acme(), &refused, refresher, slow).await.unwrap();
    assert_eq!(sealed.record.access_token.expose(), "POISON_access_2");
    assert_eq!(healthy.load(&acme()).await.unwrap(), Some(sealed));
}

#[tokio::test]
async fn exchanges_no_refresh_token_of_another_account_and_takes_none_that_comes_meanwhile() {
    let other = || Some("https://other.zendesk.com".to_owned());
    let (_, healthy, server) = connected().await;
    let version = healthy.version(&acme()).await.unwrap();
    let reconnected = ConnectionRecord { base_url: other(), ..record(7) };
    let refused = Secret::new("POISON_access_1".into());
    let refresher = Refresher { owner: "test", base_url: BASE_URL, now: NOW, wait: Duration::ZERO };
    for loses in [false, true] {
        let (_, healthy, server) = connected().await;
        let meanwhile = async |grant| {
            healthy.save(&acme(), &reconnected, version).await.unwrap();
            if loses { Err(InvalidGrant) } else { server.exchange(&grant) }
        };
        let error = healthy.refresh(&acme(), &refused, refresher, meanwhile).await.unwrap_err();
        assert!(matches!(error, RefreshError::Vault(Error::OtherAddress { .. })), "{error:?}");
        assert_eq!(healthy.load(&acme()).await.unwrap().unwrap().record, reconnected);
    }
    healthy.save(&acme(), &ConnectionRecord { base_url: other(), ..record(1) }, version).await.unwrap();
    let error = refresh(&healthy, &server, "POISON_access_1", NOW).await.unwrap_err();
    assert!(matches!(error, RefreshError::Vault(Error::OtherAddress { .. })), "{error:?}");
    assert_eq!(server.pair(), 1, "nothing was exchanged");
}

#[tokio::test]
async fn binds_the_tokens_of_an_earlier_version_to_their_account_when_they_are_renewed() {
    let (_, healthy, server) = connected().await;
    let version = healthy.version(&acme()).await.unwrap();
    healthy.save(&acme(), &ConnectionRecord { base_url: None, ..record(1) }, version).await.unwrap();
    refresh(&healthy, &server, "POISON_access_1", NOW).await.unwrap();
    assert_eq!(healthy.load(&acme()).await.unwrap().unwrap().record.base_url.as_deref(), Some(BASE_URL));
}

#[tokio::test]
async fn refuses_to_refresh_what_is_not_connected_or_cannot_be_refreshed() {
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (vault, server) = (vault(&memory), Server(Mutex::new(1)));
    let error = refresh(&vault, &server, "POISON_access_1", NOW).await.unwrap_err();
    assert!(matches!(error, RefreshError::NotConnected));
    vault.save(&acme(), &ConnectionRecord { refresh_token: None, ..record(1) }, None).await.unwrap();
    let error = refresh(&vault, &server, "POISON_access_1", NOW).await.unwrap_err();
    assert!(matches!(error, RefreshError::NoRefreshToken));
}
