//! Who waits for a page right now: what is computed ahead lets visitors go first.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::watch;

use crate::app::App;

/// Each step of what is computed ahead lets visitors go first for so long at most: in a crowd that never ends it would
/// never be done, and everyone would go on waiting for what it makes quick.
const YIELD_MAX: Duration = Duration::from_millis(500);

/// How many visitors wait for a page.
#[derive(Debug, Clone)]
pub(crate) struct Visitors {
    waiting: Arc<watch::Sender<usize>>,
    yield_max: Duration,
}

/// A visitor who waits for a page until this is dropped.
#[derive(Debug)]
pub(crate) struct Visit(Arc<watch::Sender<usize>>);

impl Visitors {
    /// Nobody yet.
    pub(crate) fn none() -> Self {
        Self { waiting: Arc::new(watch::Sender::new(0)), yield_max: YIELD_MAX }
    }

    /// Nobody yet, and whoever comes goes first for this long at most.
    #[cfg(test)]
    pub(crate) fn let_first(yield_max: Duration) -> Self {
        Self { yield_max, ..Self::none() }
    }

    /// Somebody waits for a page from now on.
    pub(crate) fn enter(&self) -> Visit {
        self.waiting.send_modify(|waiting| *waiting += 1);
        Visit(Arc::clone(&self.waiting))
    }

    /// Returns when nobody waits, or after [`YIELD_MAX`].
    pub(crate) async fn go_first(&self) {
        let mut waiting = self.waiting.subscribe();
        let nobody = async { waiting.wait_for(|waiting| *waiting == 0).await.map(drop) };
        let _ = tokio::time::timeout(self.yield_max, nobody).await;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// Counts whoever asks as a visitor until the answer is made.
pub(crate) async fn counted(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _visit = app.visitors.enter();
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use deskmeter_pipeline::{Context, PipelineFile};
    use deskmeter_zendesk::UnixSeconds;
    use futures::FutureExt as _;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::{ServeOptions, app};

    #[tokio::test]
    async fn what_is_computed_ahead_goes_on_when_the_last_visitor_has_a_page() {
        let visitors = Visitors::let_first(Duration::MAX);
        visitors.go_first().now_or_never().expect("nobody waits");
        let (one, other) = (visitors.enter(), visitors.enter());
        let mut ahead = Box::pin(visitors.go_first());
        assert!(ahead.as_mut().now_or_never().is_none());
        drop(one);
        assert!(ahead.as_mut().now_or_never().is_none(), "another one waits");
        drop(other);
        ahead.now_or_never().expect("nobody waits any more");
    }

    #[tokio::test]
    async fn a_crowd_that_never_ends_holds_a_step_up_no_longer_than_it_may() {
        let visitors = Visitors::let_first(Duration::ZERO);
        let _crowd = visitors.enter();
        visitors.go_first().await;
    }

    #[tokio::test]
    async fn whoever_asks_is_a_visitor_until_the_answer_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[connection]\nname = \"acme\"\nbase_url = \"http://127.0.0.1:9\"\nclient_id = \"x\"\n\
                    [lake]\nurl = \"lake\"\n[state]\nurl = \"state\"\nkey_env = \"KEY\"\n";
        let file = PipelineFile::parse(text, folder.path()).unwrap();
        let context = Context::new(Arc::new(|| UnixSeconds(0)), Arc::new(|_: &str| None));
        let options = ServeOptions::new(vec![(folder.path().join("acme.toml"), file)], context);
        let app = Arc::new(App::new(options, ([127, 0, 0, 1], 80).into()).unwrap());
        let nobody_waits = || app.visitors.go_first().now_or_never().is_some();
        let console = TowerToHyperService::new(app::router(Arc::clone(&app)));
        let connection = Arc::clone(&app.connections["acme"]);
        let closed = connection.keep_closed().await;

        let request = Request::get("/c/acme/overview").header("host", "127.0.0.1:80").body(Body::empty());
        let mut answer = Box::pin(console.call(request.unwrap()));
        assert!(answer.as_mut().now_or_never().is_none(), "it waits for the tables");
        assert!(!nobody_waits());

        drop(closed);
        assert_eq!(answer.await.unwrap().status(), 200);
        assert!(nobody_waits());
    }
}
