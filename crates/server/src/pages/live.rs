//! Server-sent events: the card's progress again and again while a sync runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use tokio::sync::watch;

use super::integrations::progress_html;
use super::{Refusal, connection};
use crate::app::App;
use crate::live::{Progress, told};

/// Least time between two events: a page a person reads needs no more.
const PAUSE: Duration = Duration::from_millis(300);

/// What the stream knows.
struct Following {
    run: Option<watch::Receiver<Progress>>,
    stopping: watch::Receiver<bool>,
    is_first: bool,
    is_over: bool,
}

/// The events of the run that goes on, or an immediate end.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    connection(&app, &name)?;
    let following =
        Following { run: app.runs.get(&name), stopping: app.stopping(), is_first: true, is_over: false };
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok(event), following))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Following {
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        if let Some(run) = &mut self.run {
            let is_running = run.borrow().is_running();
            if is_running && !self.is_first {
                tokio::time::sleep(PAUSE).await;
                tokio::select! {
                    changed = run.changed() => { changed.ok(); }
                    () = told(&mut self.stopping) => return None,
                }
            }
            self.is_first = false;
            let progress = run.borrow_and_update().clone();
            if progress.is_running() {
                return Some(Event::default().event("progress").data(progress_html(Some(&progress))));
            }
        }
        self.is_over = true;
        Some(Event::default().event("end").data("over"))
    }
}
