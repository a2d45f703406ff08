//! Leases.

use std::time::Duration;

use deskmeter_connections::{Error, LeaseRequest, Leases};

use crate::support::{NOW, acme, prefix, stores};

fn at(now: i64, owner: &str) -> LeaseRequest<'_> {
    LeaseRequest { owner, now, ttl: 60, wait: Duration::ZERO }
}

#[tokio::test]
async fn is_held_by_one_until_released_and_the_fence_only_grows() {
    for (name, store, _dir) in stores() {
        let leases = Leases::new(store, prefix());
        let first = leases.acquire(&acme(), at(NOW, "one")).await.unwrap();
        let refused = leases.acquire(&acme(), at(NOW + 59, "two")).await.unwrap_err();
        assert!(matches!(refused, Error::Leased { until } if until == NOW + 60), "{name}: {refused:?}");
        assert_eq!(leases.holder(&acme(), NOW).await.unwrap(), Some(("one".into(), NOW + 60)), "{name}");
        let fence = first.fence();
        first.release().await.unwrap();

        let second = leases.acquire(&acme(), at(NOW + 1, "two")).await.unwrap();
        assert!(second.fence() > fence && !second.took_over(), "{name}");
    }
}

#[tokio::test]
async fn passes_from_a_dead_holder_who_learns_of_it_when_he_wakes() {
    for (name, store, _dir) in stores() {
        let leases = Leases::new(store, prefix());
        let mut slept = leases.acquire(&acme(), at(NOW, "one")).await.unwrap();
        slept.renew(NOW + 30).await.unwrap();
        assert!(leases.acquire(&acme(), at(NOW + 89, "two")).await.is_err(), "{name}");

        let heir = leases.acquire(&acme(), at(NOW + 90, "two")).await.unwrap();
        assert!(heir.took_over() && heir.fence() > slept.fence(), "{name}");
        assert!(matches!(slept.renew(NOW + 91).await, Err(Error::LeaseLost)), "{name}");
        assert!(matches!(slept.release().await, Err(Error::LeaseLost)), "{name}");
        assert_eq!(leases.holder(&acme(), NOW + 91).await.unwrap().unwrap().0, "two", "{name}");
    }
}

#[tokio::test]
async fn goes_to_one_of_many_that_try_at_once() {
    for (name, store, _dir) in stores() {
        let leases = Leases::new(store, prefix());
        let tries = (0..16).map(|_| {
            let leases = leases.clone();
            tokio::spawn(async move { leases.acquire(&acme(), at(NOW, "many")).await })
        });
        let outcomes = futures::future::join_all(tries).await;
        assert_eq!(
            outcomes.into_iter().filter(|outcome| outcome.as_ref().unwrap().is_ok()).count(),
            1,
            "{name}"
        );
    }
}

#[tokio::test]
async fn waits_for_a_holder_who_releases() {
    for (name, store, _dir) in stores() {
        let leases = Leases::new(store, prefix());
        let first = leases.acquire(&acme(), at(NOW, "one")).await.unwrap();
        let waiting = tokio::spawn({
            let leases = leases.clone();
            let request = LeaseRequest { wait: Duration::from_hours(1), ..at(NOW, "two") };
            async move { leases.acquire(&acme(), request).await }
        });
        tokio::task::yield_now().await;
        first.release().await.unwrap();
        assert!(waiting.await.unwrap().is_ok(), "{name}");
    }
}
