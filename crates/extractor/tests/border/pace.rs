//! The governor at work: how fast a backfill goes, and that no answer is ever a 429 because of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskmeter_extractor::{Client, ClientOptions, Clock as _, ErrorKind, WaitingFor};
use deskmeter_zendesk::Stream;
use tokio::time::Instant;

use crate::support::{JumpingClock, Server, Tokens, client, client_with, first_page, json, page};

const MINUTE: Duration = Duration::from_mins(1);

/// How a server cuts its minutes.
#[derive(Debug, Clone, Copy)]
enum Window {
    /// By the clock: what `resets=2; remaining=9` in the recordings shows.
    Clock,
    /// From the first request on.
    FirstRequest,
    /// Every span of a minute counts.
    Sliding,
}

/// What a server tells of it.
#[derive(Debug, Clone, Copy)]
enum Headers {
    Complete,
    None,
}

/// Zendesk's side: counts requests in its windows and refuses the one that is too many.
struct Limiter {
    window: Window,
    headers: Headers,
    total: usize,
    /// How long an answer takes.
    latency: Duration,
    /// Requests of other apps, sent whenever one of ours arrives, up to this many a window.
    others: usize,
    epoch: Instant,
    counted: VecDeque<Instant>,
    admitted: usize,
}

impl Limiter {
    fn ends_at(&self, now: Instant) -> Instant {
        let first = self.counted.front().copied().unwrap_or(now);
        match self.window {
            Window::Sliding | Window::FirstRequest => first + MINUTE,
            Window::Clock => {
                let since = now.duration_since(self.epoch).as_secs_f64();
                self.epoch + MINUTE.mul_f64((since / 60.0).floor() + 1.0)
            }
        }
    }

    fn forget(&mut self, now: Instant) {
        match self.window {
            Window::Sliding => self.counted.retain(|at| *at + MINUTE > now),
            Window::FirstRequest if self.counted.front().is_some_and(|at| *at + MINUTE <= now) => {
                self.counted.clear();
            }
            Window::FirstRequest => {}
            Window::Clock => {
                let started = self.ends_at(now) - MINUTE;
                self.counted.retain(|at| *at >= started);
            }
        }
    }

    /// Remaining and seconds to the reset, or none when it is one too many.
    fn request(&mut self, now: Instant) -> Option<(usize, u64)> {
        self.forget(now);
        if self.counted.is_empty() {
            self.counted.extend(std::iter::repeat_n(now, self.others));
        }
        if self.counted.len() >= self.total {
            return None;
        }
        self.counted.push_back(now);
        self.admitted += 1;
        Some((
            self.total - self.counted.len(),
            self.ends_at(now).duration_since(now).as_secs_f64().ceil() as u64,
        ))
    }
}

/// A backfill of so many pages, shared among the exports that share a limit.
struct Backfill {
    limiter: Limiter,
    quota_percent: u8,
    pages: usize,
}

impl Backfill {
    fn new(window: Window, headers: Headers) -> Self {
        let limiter = Limiter {
            window,
            headers,
            total: 10,
            latency: Duration::from_millis(700),
            others: 0,
            epoch: Instant::now(),
            counted: VecDeque::new(),
            admitted: 0,
        };
        Self { limiter, quota_percent: 100, pages: 1_200 }
    }

    /// Runs it; gives the time it took on the jumping clock, and each stream's share of the pages.
    async fn run(mut self) -> (Duration, Vec<usize>, Client) {
        let clock = JumpingClock::new();
        // Somewhere within a window of the clock, as any run starts.
        self.limiter.epoch = deskmeter_extractor::Clock::now(&clock) - Duration::from_secs(47);
        let limiter = Arc::new(Mutex::new(self.limiter));
        let time = clock.clone();
        let server = Server::start(move |_| {
            let mut limiter = limiter.lock().unwrap();
            let admitted = limiter.request(time.now());
            time.advance(limiter.latency);
            let Some((remaining, resets)) = admitted else { return json(429, "{}", &[]) };
            let header = format!("total={}; remaining={remaining}; resets={resets}", limiter.total);
            match limiter.headers {
                Headers::Complete => json(200, "{}", &[("zendesk-ratelimit-incremental-exports", &header)]),
                Headers::None => json(200, "{}", &[]),
            }
        })
        .await;
        let options =
            ClientOptions { quota_percent: self.quota_percent, ..ClientOptions::new(server.url.clone()) };
        let client = Client::with_clock(options, Arc::new(clock.clone())).unwrap();
        clock.run(&client);
        let started = clock.now();
        let shares = fetch_all(&client, self.pages).await;
        (clock.now() - started, shares, client)
    }
}

/// Four streams at once, each taking the next page as soon as it has the last.
async fn fetch_all(client: &Client, pages: usize) -> Vec<usize> {
    let streams = [Stream::Tickets, Stream::TicketEvents, Stream::TicketMetricEvents, Stream::Organizations];
    let left = Arc::new(Mutex::new(pages));
    let tasks = streams.map(|stream| {
        let (client, left) = (client.clone(), Arc::clone(&left));
        tokio::spawn(async move {
            let mut share = 0;
            loop {
                {
                    let mut left = left.lock().unwrap();
                    let Some(fewer) = left.checked_sub(1) else { return share };
                    *left = fewer;
                }
                client.fetch(&first_page(stream), &Tokens::default()).await.unwrap();
                share += 1;
            }
        })
    });
    let mut shares = Vec::new();
    for task in tasks {
        shares.push(task.await.unwrap());
    }
    shares
}

/// The share of the limit's bound that was used: 1,200 pages at 10 a minute cannot take less than 119 minutes.
fn share_of_bound(took: Duration, pages: u32, per_minute: u32) -> f64 {
    let bound = MINUTE * (pages / per_minute - 1);
    bound.as_secs_f64() / took.as_secs_f64()
}

#[tokio::test]
async fn uses_98_percent_of_the_limit_and_provokes_no_429_whatever_the_window() {
    for window in [Window::Clock, Window::FirstRequest, Window::Sliding] {
        for headers in [Headers::Complete, Headers::None] {
            let (took, _, client) = Backfill::new(window, headers).run().await;
            let share = share_of_bound(took, 1_200, 10);
            println!("{window:?} {headers:?}: {:.2} % of the bound, {took:?}", share * 100.0);
            assert_eq!(client.stats().rate_limited, 0, "{window:?} {headers:?}");
            assert!((0.98..=1.0).contains(&share), "{window:?} {headers:?}: {share}");
        }
    }
}

#[tokio::test]
async fn gives_every_stream_the_same_share() {
    let (_, shares, _) = Backfill::new(Window::Sliding, Headers::Complete).run().await;
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(most - least <= 4, "{shares:?}");
}

#[tokio::test]
async fn leaves_the_rest_of_the_quota_to_other_apps() {
    let backfill =
        Backfill { quota_percent: 80, pages: 400, ..Backfill::new(Window::Clock, Headers::Complete) };
    let (took, _, client) = backfill.run().await;
    assert_eq!(client.stats().rate_limited, 0);
    assert!((0.98..=1.0).contains(&share_of_bound(took, 400, 8)));
}

#[tokio::test]
async fn steps_back_before_a_429_when_other_apps_use_the_same_limit() {
    for window in [Window::Clock, Window::FirstRequest] {
        let mut backfill = Backfill { pages: 100, ..Backfill::new(window, Headers::Complete) };
        backfill.limiter.others = 6;
        let (_, _, client) = backfill.run().await;
        assert_eq!(client.stats().rate_limited, 0, "{window:?}");
    }
}

#[tokio::test]
async fn goes_as_fast_as_a_higher_announced_limit_allows() {
    let mut backfill = Backfill { pages: 1_000, ..Backfill::new(Window::Sliding, Headers::Complete) };
    backfill.limiter.total = 1_000_000;
    backfill.limiter.latency = Duration::ZERO;
    let (took, _, client) = backfill.run().await;
    assert_eq!((took, client.stats().waited_for_rate), (Duration::ZERO, Duration::ZERO));
}

#[tokio::test]
async fn keeps_to_a_lower_limit_that_the_account_announces() {
    let server = Server::start(|_| {
        json(200, "{}", &[("x-rate-limit", "4"), ("ratelimit-remaining", "3"), ("ratelimit-reset", "60")])
    })
    .await;
    let (client, clock) = client(&server.url);
    let started = clock.now();
    for _ in 0..8 {
        client.fetch(&first_page(Stream::Users), &Tokens::default()).await.unwrap();
    }
    assert!(clock.now() - started >= MINUTE);
}

#[tokio::test]
async fn holds_all_streams_back_as_long_as_a_429_says() {
    for (headers, seconds) in [
        (vec![("retry-after", "33")], 33),
        (vec![("zendesk-ratelimit-incremental-exports", "total=10; remaining=0; resets=21")], 21),
        (vec![], 10),
    ] {
        let server = Server::start(move |seen| match seen.number {
            0 => json(429, "{}", &headers),
            _ => page(),
        })
        .await;
        let (client, clock) = client(&server.url);
        let started = clock.now();
        let requests = [first_page(Stream::Tickets), first_page(Stream::TicketEvents)];
        let tokens = Tokens::default();
        let (tickets, events) =
            tokio::join!(client.fetch(&requests[0], &tokens), client.fetch(&requests[1], &tokens));
        tickets.and(events).unwrap();
        let waited = (clock.now() - started).as_secs_f64();
        assert!((f64::from(seconds)..=f64::from(seconds) + 1.1).contains(&waited), "{seconds}: {waited}");
        assert_eq!(client.stats().requests, 3);
    }
}

#[tokio::test]
async fn shows_what_it_waits_for_and_until_when() {
    let server = Server::start(|seen| match seen.number {
        0 => json(429, "{}", &[("retry-after", "12")]),
        _ => page(),
    })
    .await;
    let clock = JumpingClock::new();
    let client = Client::with_clock(ClientOptions::new(server.url.clone()), Arc::new(clock.clone())).unwrap();
    let started = clock.now();
    let mut waits = client.observe();
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await }
    });

    let shown = waits.wait_for(Option::is_some).await.unwrap().unwrap();
    assert_eq!((shown.waiting_for, shown.endpoint), (WaitingFor::RateLimit, "tickets"));
    assert_eq!((shown.until - started).as_secs(), 12);

    clock.run(&client);
    request.await.unwrap().unwrap();
    assert_eq!(*waits.borrow(), None);
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_does_not_hold_the_gate() {
    let server = Server::start(|_| page()).await;
    let (client, _) = client_with(ClientOptions::new(server.url.clone()));
    {
        let request = first_page(Stream::Tickets);
        let tokens = Tokens::default();
        let mut call = Box::pin(client.fetch(&request, &tokens));
        let _ = futures::poll!(&mut call);
        assert_eq!(client.stats().in_flight, 1);
    }
    assert_eq!(client.stats().in_flight, 0);
    let page = client.fetch(&first_page(Stream::Tickets), &Tokens::default()).await;
    assert_eq!(page.map_err(|error: deskmeter_extractor::Error| error.kind()).err(), None::<ErrorKind>);
}
